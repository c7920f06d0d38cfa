// The finished PDFs: the first page, the sizes, and what can be done with them.

import { drawing } from "./cards.js";
import { bytes, photos, text } from "./texts.js";

const id = (name) => document.getElementById(name);

/** The object URLs of the PDFs, which must be revoked. */
let addresses = [];

export function hide() {
  id("result").hidden = true;
  for (const address of addresses) URL.revokeObjectURL(address);
  addresses = [];
  id("files").replaceChildren();
}

/** Shows PDFs that were made with these options, each `{ blob, name, notices, group }` with its pages in `group`. */
export function show(made, options) {
  preview(made[0].group[0], options);
  id("files").replaceChildren(...made.map((pdf) => fileOf(pdf, made.length === 1 ? options.title : "")));
  const notices = made.flatMap(({ notices, group }) => notices.map(({ input: at, message }) => [group[at].photo.file.name, message]));
  id("notices").replaceChildren(...notices.slice(0, 100).map(([name, message]) => {
    const item = document.createElement("li");
    item.textContent = `${name}: ${message}`;
    return item;
  }));
  id("result").hidden = false;
  id("result-title").focus();
  id("result").scrollIntoView({ block: "nearest" });
}

/** Draws the first page: at once with the thumbnail, and then from the photo, since its thumbnail may be of an older version. */
function preview(page, options) {
  const { photo, turn } = page;
  const paper = document.createElement("div");
  paper.className = "paper";
  id("preview").replaceChildren(paper);
  if (!photo.header?.width) return;
  paper.append(drawing(page, paper, options));
  const show = (picture) => paper.replaceChildren(drawing({ photo: { ...photo, picture }, turn }, paper, options));
  // If the browser cannot show the photo, the thumbnail stays.
  createImageBitmap(photo.file, { resizeWidth: 300, resizeQuality: "high" }).then(show, () => {});
}

function fileOf({ blob, name, group }, title) {
  const ownName = title?.replace(/[\\/:*?"<>|]/g, "_");
  const file = new File([blob], ownName ? `${ownName}.pdf` : name, { type: "application/pdf" });
  const address = URL.createObjectURL(file);
  addresses.push(address);
  const before = group.reduce((sum, { photo }) => sum + photo.file.size, 0);
  const box = document.createElement("div");
  box.className = "file";
  const about = document.createElement("p");
  about.textContent = text("sizes", { name: file.name, before: bytes(before), after: bytes(file.size), photos: photos(group.length) });
  const download = document.createElement("a");
  download.className = "button";
  download.href = address;
  download.download = file.name;
  download.textContent = text("download");
  const open = document.createElement("a");
  open.href = address;
  open.target = "_blank";
  open.textContent = text("open");
  box.append(about, download, open);
  if (navigator.canShare?.({ files: [file] })) {
    const share = document.createElement("button");
    share.type = "button";
    share.textContent = text("share");
    share.addEventListener("click", () => navigator.share({ files: [file] }).catch(() => {}));
    box.append(share);
  }
  return box;
}
