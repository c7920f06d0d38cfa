// pdf.js as a filter. A PDF follows a line of its size and of the width and height wanted, in pixels; out come the
// samples of its first page, as RGBA.
import { createCanvas } from "@napi-rs/canvas";
import { getDocument } from "pdfjs-dist/legacy/build/pdf.mjs";

async function render(data, width, height) {
  const loading = getDocument({ data, verbosity: 0 });
  const page = await (await loading.promise).getPage(1);
  const viewport = page.getViewport({ scale: 1 });
  const canvas = createCanvas(width, height);
  const transform = [width / viewport.width, 0, 0, height / viewport.height, 0, 0];
  await page.render({ canvas, viewport, transform }).promise;
  await loading.destroy();
  return canvas.getContext("2d").getImageData(0, 0, width, height).data;
}

let held = Buffer.alloc(0);
for await (const chunk of process.stdin) {
  held = Buffer.concat([held, chunk]);
  const [line] = held.toString("latin1").split("\n", 1);
  const [size, width, height] = line.split(" ").map(Number);
  const end = line.length + 1 + size;
  if (held.length >= end) {
    process.stdout.write(await render(Uint8Array.from(held.subarray(line.length + 1, end)), width, height));
    held = held.subarray(end);
  }
}
