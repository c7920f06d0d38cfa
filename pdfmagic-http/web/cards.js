// The card of a photo: its page drawn to scale, notes about it, and buttons.

import { layout } from "./geometry.js";
import { text } from "./texts.js";

const ICONS = { earlier: "←", later: "→", turn: "↻", remove: "✕" };

/** Makes a card. */
export function newCard(photo) {
  const card = document.createElement("li");
  card.draggable = true;
  card.photo = photo;
  card.innerHTML = '<div class="stand"><div class="paper"></div></div><p class="name"></p><p class="about"></p><div class="buttons"></div>';
  card.querySelector(".name").textContent = photo.file.name;
  for (const [action, icon] of Object.entries(ICONS)) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.action = action;
    button.textContent = icon;
    card.lastElementChild.append(button);
  }
  return card;
}

/** Labels the buttons of a card by its position among all cards. */
export function label(card, index, count) {
  const values = { n: index + 1, of: count, name: card.photo.file.name };
  for (const button of card.lastElementChild.children) {
    const { action } = button.dataset;
    const name = text(action, values);
    if (button.title !== name) {
      button.title = name;
      button.setAttribute("aria-label", name);
    }
    // The button is not disabled, since that would lose the focus.
    const isIdle = (action === "earlier" && index === 0) || (action === "later" && index === count - 1);
    button.setAttribute("aria-disabled", String(isIdle));
  }
}

/** Draws a photo on its page, both to scale, with these options. */
export function draw(card, page, options) {
  const { photo, turn } = page;
  const { header } = photo;
  const about = card.querySelector(".about");
  const notes = [];
  if (photo.problem) notes.push(photo.problem.detail);
  else if (header?.hasPosition) notes.push(text(options.metadata ? "gps.removed" : "gps.kept"));
  if (!photo.problem && header?.isCutOff) notes.push(text("cut-off"));
  const said = notes.join(" ");
  if (about.textContent !== said) about.textContent = said;
  card.classList.toggle("failed", photo.problem !== null);
  card.classList.toggle("loading", !header);
  const paper = card.querySelector(".paper");
  const drawn = `${turn} ${JSON.stringify(options)} ${Boolean(photo.picture)} ${Boolean(header)}`;
  if (!header?.width || paper.drawn === drawn) return;
  paper.drawn = drawn;
  paper.replaceChildren(drawing(page, paper, options));
}

/** Returns the photo on its page, whose longer side is as long as that of the stand. */
export function drawing({ photo, turn }, paper, options) {
  const { page: [width, height], image: [x, y, w, h] } = layout(photo.header, turn, options);
  const longer = Math.max(width, height);
  paper.style.width = `${(100 * width) / longer}%`;
  paper.style.height = `${(100 * height) / longer}%`;
  const box = document.createElement("div");
  box.className = "photo";
  box.style.left = `${(100 * x) / width}%`;
  box.style.top = `${(100 * y) / height}%`;
  box.style.width = `${(100 * w) / width}%`;
  box.style.height = `${(100 * h) / height}%`;
  if (photo.picture) box.append(turned(photo.picture, turn));
  return box;
}

function turned(picture, turn) {
  const canvas = document.createElement("canvas");
  const sides = [picture.width, picture.height];
  if (turn % 180) sides.reverse();
  [canvas.width, canvas.height] = sides;
  const context = canvas.getContext("2d");
  context.translate(canvas.width / 2, canvas.height / 2);
  context.rotate((turn * Math.PI) / 180);
  context.drawImage(picture, -picture.width / 2, -picture.height / 2);
  return canvas;
}
