// Calculates the position of a photo on its page, by the same rules as the service.

const MM = 72 / 25.4;
const UNITS = { mm: MM, cm: 10 * MM, in: 72, pt: 1 };
const SIZES = { a3: [297, 420], a4: [210, 297], a5: [148, 210], letter: [215.9, 279.4], legal: [215.9, 355.6] };

/** Returns whether the Exif orientation and the user's rotation in degrees together swap width and height. */
function isTurned(orientation, turn) {
  return orientation > 4 !== (turn % 180 !== 0);
}

function length(text) {
  const [, number, unit] = /^([\d.]+)(mm|cm|in|pt)$/.exec(text) ?? [0, 0, "pt"];
  return number * UNITS[unit];
}

/** Returns the size of the page, and the left, top, width and height of the photo on it, in points. */
export function layout(header, turn, { pagesize = "", border = "", fit = "into", "auto-orient": autoOrient }) {
  const [dx, dy] = header.density ?? [96, 96 * header.ratio];
  let size = [(header.width * 72) / dx, (header.height * 72) / dy];
  if (isTurned(header.orientation, turn)) size.reverse();
  const margin = length(border);
  let page = SIZES[pagesize.toLowerCase().replace("^t", "")]?.map((side) => side * MM);
  if (page && /\^t/i.test(pagesize)) page.reverse();
  if (page && autoOrient && size[0] !== size[1] && size[0] > size[1] === page[0] < page[1]) page.reverse();
  if (page) {
    const ratios = size.map((side, axis) => (page[axis] - 2 * margin) / side);
    const ratio = { fill: Math.max(...ratios), shrink: Math.min(...ratios, 1) }[fit] ?? Math.min(...ratios);
    size = size.map((side) => side * ratio);
  } else {
    page = size.map((side) => side + 2 * margin);
  }
  const [w, h] = size;
  return { page, image: [(page[0] - w) / 2, (page[1] - h) / 2, w, h] };
}
