// A worker that reads the headers of photos and makes thumbnails of them, one after the other.

import { readHeader } from "./header.js";

const SIDE = 240;

self.onmessage = async ({ data: { id, file } }) => {
  let header = null;
  let picture = null;
  try {
    header = await readHeader(file);
    if (header.kind === null) picture = await draw(file, header);
  } catch {
    // The file cannot be read, or the browser cannot show it. The service decides whether it can become a page.
  }
  self.postMessage({ id, header, picture }, picture ? [picture] : []);
};

async function draw(file, header) {
  const { thumbnail } = header;
  if (thumbnail) {
    const small = await createImageBitmap(file.slice(...thumbnail, "image/jpeg")).catch(() => null);
    if (small && Math.max(small.width, small.height) >= 120) return fromThumbnail(small, header);
  }
  // The browser applies the Exif orientation.
  return scaled(await createImageBitmap(file));
}

function scaled(image) {
  const scale = Math.min(1, SIDE / Math.max(image.width, image.height));
  const canvas = new OffscreenCanvas(Math.max(1, image.width * scale), Math.max(1, image.height * scale));
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  image.close();
  return canvas.transferToImageBitmap();
}

/** Applies the orientation to an Exif thumbnail, and crops the bars that pad it to 4:3. */
function fromThumbnail(image, { width, height, orientation }) {
  const scale = Math.min(image.width / width, image.height / height);
  const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
  const [x, y] = [(image.width - w) / 2, (image.height - h) / 2];
  const isTurned = orientation > 4;
  const canvas = new OffscreenCanvas(isTurned ? h : w, isTurned ? w : h);
  const context = canvas.getContext("2d");
  // These matrices map the stored image to the displayed one, for each orientation (Exif 2.3, 4.6.4 A).
  context.transform(...[
    [1, 0, 0, 1, 0, 0], [-1, 0, 0, 1, w, 0], [-1, 0, 0, -1, w, h], [1, 0, 0, -1, 0, h],
    [0, 1, 1, 0, 0, 0], [0, 1, -1, 0, h, 0], [0, -1, -1, 0, h, w], [0, -1, 1, 0, 0, w],
  ][orientation - 1]);
  context.drawImage(image, x, y, w, h, 0, 0, w, h);
  image.close();
  return canvas.transferToImageBitmap();
}
