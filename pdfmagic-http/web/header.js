// Reads from the header of a file what the page needs to draw and send it. The service validates the file itself.

const STEP = 65536;

/** Reads the header of a file. `kind` is null for a JPEG, and `end` is the offset of its first scan, in bytes. */
export async function readHeader(file) {
  let bytes = await read(file, 0, STEP);
  const header = {
    kind: kindOf(bytes), end: Math.min(file.size, STEP), size: file.size, width: 0, height: 0, orientation: 1,
    density: null, ratio: 1, hasPosition: false, thumbnail: null, isWhole: false,
  };
  if (header.kind !== null) return header;
  let at = 2;
  for (;;) {
    if (at + 20 > bytes.length && bytes.length < file.size) bytes = await grow(file, bytes, at);
    if (at + 4 > bytes.length || bytes[at] !== 0xff) break;
    const marker = bytes[at + 1];
    if (marker === 0xff || (marker >= 0xd0 && marker <= 0xd8)) {
      at += marker === 0xff ? 1 : 2;
      continue;
    }
    const next = at + 2 + bytes[at + 2] * 256 + bytes[at + 3];
    if (next > bytes.length && bytes.length < file.size) bytes = await grow(file, bytes, next);
    readSegment(header, marker, bytes.subarray(at + 4, next), at + 4);
    at = next;
    if (marker === 0xda || marker === 0xd9) break;
  }
  header.end = Math.min(Math.max(at, 2), file.size);
  const tail = await read(file, file.size - 2, file.size);
  header.isCutOff = !(tail[0] === 0xff && tail[1] === 0xd9) && !header.hasMore;
  header.isWhole ||= header.isCutOff;
  return header;
}

async function read(file, start, end) {
  return new Uint8Array(await file.slice(Math.max(start, 0), end).arrayBuffer());
}

async function grow(file, bytes, least) {
  const more = await read(file, bytes.length, Math.max(least, bytes.length) + STEP);
  const all = new Uint8Array(bytes.length + more.length);
  all.set(bytes);
  all.set(more, bytes.length);
  return all;
}

/** Returns null for a JPEG, the name of another known kind of file, or "other". */
function kindOf(bytes) {
  const text = String.fromCharCode(...bytes.subarray(0, 16));
  if (bytes.length === 0) return "empty";
  if (text.startsWith("\xff\xd8")) return null;
  if (text.slice(4, 8) === "ftyp") return /heic|heix|hevc|mif1|msf1/.test(text) ? "HEIC" : /avif/.test(text) ? "AVIF" : "video";
  if (text.startsWith("\x89PNG")) return "PNG";
  if (text.startsWith("GIF8")) return "GIF";
  if (text.startsWith("RIFF") && text.slice(8, 12) === "WEBP") return "WebP";
  if (text.startsWith("%PDF")) return "PDF";
  if (text.startsWith("II*\0") || text.startsWith("MM\0*")) return "TIFF";
  return "other";
}

function readSegment(header, marker, data, offset) {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const name = String.fromCharCode(...data.subarray(0, 6));
  const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
  try {
    if (isFrame) {
      header.height = view.getUint16(1);
      header.width = view.getUint16(3);
      // DCTDecode supports only Huffman-coded frames with 8 bits, and a height of 0 is defined after the first scan (DNL).
      // Otherwise the service must transcode the whole file.
      header.isWhole = marker > 0xc2 || data[0] !== 8 || header.height === 0;
    } else if (marker === 0xe0 && name.startsWith("JFIF\0")) {
      const [x, y] = [view.getUint16(8), view.getUint16(10)];
      const unit = { 1: 1, 2: 2.54 }[data[7]];
      if (unit) header.density ??= plausible(x * unit, y * unit);
      else if (x > 0 && y / x >= 0.25 && y / x <= 4) header.ratio = y / x;
    } else if (marker === 0xe1 && name === "Exif\0\0" && !header.hasExif) {
      header.hasExif = true;
      readExif(header, new DataView(data.buffer, data.byteOffset + 6, data.byteLength - 6), offset + 6);
    } else if (marker === 0xe1) {
      header.hasMore ||= /Container:Directory|MotionPhoto|MicroVideo/.test(new TextDecoder("latin1").decode(data));
    } else if (marker === 0xe2) {
      header.hasMore ||= name.startsWith("MPF\0");
    }
  } catch {
    // A truncated segment is ignored.
  }
}

function plausible(x, y) {
  return [x, y].every((n) => n >= 10 && n <= 12800) ? [x, y] : null;
}

/** Reads the orientation, density, position and thumbnail from the TIFF structure of Exif (CIPA DC-008). */
function readExif(header, tiff, offset) {
  const little = tiff.getUint16(0) === 0x4949;
  const u16 = (at) => tiff.getUint16(at, little);
  const u32 = (at) => tiff.getUint32(at, little);
  const directory = (at) => {
    const entries = new Map();
    const count = u16(at);
    for (let i = 0; i < count; i++) entries.set(u16(at + 2 + 12 * i), at + 10 + 12 * i);
    return { entries, next: () => u32(at + 2 + 12 * count) };
  };
  const { entries, next } = directory(u32(4));
  const value = (tag, get) => (entries.has(tag) ? get(entries.get(tag)) : undefined);
  const orientation = value(0x112, u16);
  if (orientation >= 1 && orientation <= 8) header.orientation = orientation;
  const gps = value(0x8825, u32);
  if (gps) header.hasPosition = directory(gps).entries.has(2);
  const rational = (at) => u32(u32(at)) / u32(u32(at) + 4);
  const unit = { 2: 1, 3: 2.54 }[value(0x128, u16) ?? 2];
  if (unit && entries.has(0x11a) && entries.has(0x11b)) {
    header.density ??= plausible(value(0x11a, rational) * unit, value(0x11b, rational) * unit);
  }
  if (next() === 0) return;
  const second = directory(next()).entries;
  if (second.has(0x201) && second.has(0x202)) {
    const start = offset + u32(second.get(0x201));
    header.thumbnail = [start, start + u32(second.get(0x202))];
  }
}
