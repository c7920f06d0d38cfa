// Converts a photo with fetch, as a raw body and as a form: address, photo, PDF, PDF.
import { openAsBlob } from "node:fs";
import { writeFile } from "node:fs/promises";

const [address, photo, raw, form] = process.argv.slice(2);
const blob = await openAsBlob(photo, { type: "image/jpeg" });

async function convert(body, pdf) {
  const response = await fetch(`${address}/v1/pdf`, { method: "POST", body });
  if (!response.ok) throw new Error(await response.text());
  await writeFile(pdf, Buffer.from(await response.arrayBuffer()));
  return response.headers.get("content-disposition");
}

await convert(blob, raw);
const data = new FormData();
data.append("photos[]", blob, "漢字 Köln.jpg");
data.append("gray", "true");
console.log(await convert(data, form));
