// The page: photos are picked, ordered and turned here, and the PDF is put together here.

import { draw, label, newCard } from "./cards.js";
import { PlanError, makePdf, sentSize } from "./plan.js";
import * as result from "./result.js";
import { patiently } from "./send.js";
import { bytes, photos, text } from "./texts.js";

const { limits } = JSON.parse(document.getElementById("data").textContent);
const id = (name) => document.getElementById(name);
const form = id("form");
const input = form.elements.myfile;
const list = id("pages");

/** The photos in the order of their pages, each `{ id, file, header, picture, problem }`, and the rotation of each. */
let pages = [];
/** Earlier states of the pages, for undo. */
const past = [];
/** The card of each photo, by the number of the photo. */
const cards = new Map();
/** Cancels the PDF that is being made. */
let running = null;
let nextId = 0;

/** Shows a message, and announces it to screen readers. */
function say(message, isError = false) {
  id("status").textContent = message;
  id("status").classList.toggle("failed", isError);
}

// --- photos --------------------------------------------------------------------------------------------------------

const workers = [0, 1].map(() => {
  const worker = new Worker(new URL("thumbs.js", import.meta.url), { type: "module" });
  worker.onmessage = ({ data }) => looked(worker, data);
  return worker;
});
const waiting = [];
const readers = [...workers];

/** Starts reading the next photo. */
function look() {
  while (readers.length > 0 && waiting.length > 0) {
    const photo = waiting.shift();
    const worker = readers.pop();
    worker.photo = photo;
    worker.postMessage({ id: photo.id, file: photo.file });
  }
}

function looked(worker, { header, picture }) {
  const { photo } = worker;
  readers.push(worker);
  photo.header = header ?? { kind: "unreadable", size: photo.file.size };
  if (photo.header.kind !== null && photo.header.kind !== "other") photo.problem = { code: "kind", detail: kindText(photo.header.kind) };
  photo.picture = picture;
  if (picture) {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [picture.width, picture.height];
    canvas.getContext("bitmaprenderer").transferFromImageBitmap(picture);
    photo.picture = canvas;
  }
  const page = pages.find((page) => page.photo === photo);
  const card = cards.get(photo.id);
  if (page && card) draw(card, page, options());
  look();
  if (waiting.length === 0) tell();
}

function kindText(kind) {
  const known = { HEIC: "kind.heic", empty: "kind.empty", PDF: "kind.pdf", video: "kind.video", unreadable: "kind.unreadable" };
  return text(known[kind] ?? "kind.other", { kind });
}

function add(files) {
  if (running) {
    say(text("busy"));
    return;
  }
  const added = [...files].filter((file) => file.size > 0 || file.type).map((file) => ({ photo: { id: nextId++, file, problem: null }, turn: 0 }));
  if (added.length === 0) return;
  change([...pages, ...added]);
  waiting.push(...added.map(({ photo }) => photo));
  look();
  say(text("added", { photos: photos(added.length) }));
}

function change(next, keepsPast = true) {
  if (keepsPast) past.push(pages);
  pages = next;
  result.hide();
  show();
}

// --- the list ------------------------------------------------------------------------------------------------------

/** The maximum number of cards that are made or drawn in one task, so that the page stays responsive. */
const AT_ONCE = 20;
let shown = 0;

/** Updates the cards, the first ones immediately. */
async function show() {
  const wanted = new Set(pages.map(({ photo }) => photo.id));
  for (const [key, card] of cards) {
    if (!wanted.has(key)) {
      card.remove();
      cards.delete(key);
    }
  }
  let at = list.firstElementChild;
  for (const { photo } of pages) {
    const card = cards.get(photo.id);
    if (card && card === at) at = at.nextElementSibling;
    else if (card) list.insertBefore(card, at);
  }
  const none = pages.length === 0;
  list.hidden = none;
  id("tools").hidden = none && past.length === 0;
  id("each-label").hidden = pages.length < 2;
  id("count").textContent = none ? "" : `(${pages.length})`;
  id("undo").disabled = past.length === 0;
  document.body.classList.toggle("has-pages", !none);
  tell();
  const [now, own, fields] = [pages, ++shown, options()];
  for (const [index, page] of now.entries()) {
    if (index > 0 && index % AT_ONCE === 0) {
      await new Promise((resolve) => setTimeout(resolve));
      if (own !== shown) return;
    }
    let card = cards.get(page.photo.id);
    if (!card) {
      card = newCard(page.photo);
      cards.set(page.photo.id, card);
      list.insertBefore(card, list.children[index]);
    }
    label(card, index, now.length);
    draw(card, page, fields);
  }
}

list.addEventListener("click", ({ target }) => {
  const button = target.closest("button");
  if (!button || running) return;
  const at = pages.findIndex(({ photo }) => photo === button.closest("li").photo);
  const { action } = button.dataset;
  const { name } = pages[at].photo.file;
  if (action === "remove") {
    change(pages.filter((_, index) => index !== at));
    say(text("removed", { name }));
    const next = list.children[Math.min(at, pages.length - 1)];
    (next ? next.querySelector("[data-action=remove]") : id("undo")).focus();
  } else if (action === "turn") {
    change(pages.map((page, index) => (index === at ? { ...page, turn: (page.turn + 90) % 360 } : page)));
    say(text("turned", { name }));
  } else {
    const to = action === "earlier" ? at - 1 : at + 1;
    if (to in pages) move(at, to);
    button.focus();
  }
});

function move(from, to) {
  const next = [...pages];
  next.splice(to, 0, ...next.splice(from, 1));
  change(next);
  say(text("moved", { name: next[to].photo.file.name, n: to + 1, of: next.length }));
}

id("undo").addEventListener("click", () => {
  if (running) return;
  const last = past.pop();
  if (last) change(last, false);
  say(text("undone"));
});

id("clear").addEventListener("click", () => {
  if (running) return;
  change([]);
  say(text("cleared"));
  id("undo").focus();
});

let dragged = null;
list.addEventListener("dragstart", (event) => {
  dragged = event.target.closest("li");
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.photo.file.name);
});
list.addEventListener("dragend", () => { dragged = null; });

// --- input ---------------------------------------------------------------------------------------------------------

input.required = false;
input.addEventListener("change", () => {
  add(input.files);
  input.value = "";
});

// Files can be dropped anywhere, since the browser would otherwise leave the page to open them.
for (const type of ["dragenter", "dragover", "dragleave", "drop"]) {
  document.addEventListener(type, (event) => {
    event.preventDefault();
    if (dragged) {
      const over = event.target.closest?.("#pages > li");
      if (type === "drop" && over && over !== dragged && !running) {
        const at = (card) => pages.findIndex(({ photo }) => photo === card.photo);
        move(at(dragged), at(over));
      }
      return;
    }
    document.body.classList.toggle("over", type === "dragenter" || type === "dragover");
    if (type === "drop") add(event.dataTransfer.files);
  });
}

document.addEventListener("paste", ({ clipboardData }) => {
  if (clipboardData?.files.length > 0) add(clipboardData.files);
});

// --- options -------------------------------------------------------------------------------------------------------

/** Returns the options by name, without those that have their default. */
function options() {
  const fields = {};
  for (const [name, value] of new FormData(form)) {
    const trimmed = typeof value === "string" ? value.trim() : "";
    if (trimmed !== "") fields[name] = trimmed;
  }
  if (!fields.pagesize) delete fields["auto-orient"];
  return fields;
}

form.addEventListener("input", ({ target }) => {
  if (target === input) return;
  result.hide();
  show();
});

/** Returns the pages that can be converted. */
function sound() {
  return pages.filter(({ photo }) => photo.problem === null);
}

/** Returns whether the service needs each photo as a whole. */
function isForAll(fields) {
  return ["quality", "max-pdf-size", "verify"].some((name) => name in fields);
}

/** Returns the pages of each PDF. */
function groups() {
  const now = sound();
  return id("each").checked && now.length > 1 ? now.map((page) => [page]) : [now];
}

/** Returns the number of bytes that are sent for these pages, and the number of photos that are sent as a whole. */
function sending(group, isAll) {
  const size = ({ photo: { file, header } }) => (isAll ? file.size : header ? sentSize(header) : 0);
  const isWhole = ({ photo: { header } }) => isAll || header?.isWhole;
  return { size: group.reduce((sum, page) => sum + size(page), 0), whole: group.filter(isWhole).length };
}

/** Shows what will be sent, and whether that is too much for one request. */
function tell() {
  const now = sound();
  const sent = id("sent");
  const isAll = isForAll(options());
  const total = now.reduce((sum, { photo }) => sum + photo.file.size, 0);
  const { size } = sending(now, isAll);
  const isOver = groups().some((group) => {
    const { size, whole } = sending(group, isAll);
    return size > limits.body || whole > limits.whole || group.length > limits.files;
  });
  const whole = now.filter(({ photo: { header } }) => header && sentSize(header) === header.size).length;
  const most = photos(isAll ? limits.whole : limits.files);
  const values = { size: bytes(size), total: bytes(total), max: bytes(limits.body), most, photos: photos(isOver ? now.length : whole) };
  if (pages.length === 0) sent.textContent = "";
  else if (isOver) sent.textContent = text("too-large", values);
  else if (isAll) sent.textContent = text("sent.all", values);
  else sent.textContent = text(whole > 0 ? "sent.some" : "sent.headers", values);
  sent.classList.toggle("failed", isOver);
  id("make").disabled = running !== null || now.length === 0 || isOver;
  const left = pages.length - now.length;
  id("make").textContent = left > 0 && now.length > 0 ? text("make.others", { photos: photos(now.length) }) : text("make");
}

// --- making --------------------------------------------------------------------------------------------------------

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!running && sound().length > 0) run();
});

id("cancel").addEventListener("click", () => running?.abort());

async function run() {
  running = new AbortController();
  result.hide();
  document.body.classList.add("is-running");
  id("cancel").hidden = id("progress").hidden = false;
  tell();
  id("cancel").focus();
  const chosen = sound();
  try {
    const made = [];
    for (const group of groups()) made.push({ ...(await make(group, running.signal)), group });
    result.show(made, options());
    say(text("done"));
  } catch (error) {
    failed(error, chosen);
  }
  running = null;
  for (const card of cards.values()) card.style.removeProperty("--sent");
  document.body.classList.remove("is-running");
  id("cancel").hidden = id("progress").hidden = true;
  id("progress").value = 0;
  tell();
  if (id("result").hidden) id("make").focus();
}

async function make(group, signal) {
  const files = group.map(({ photo }) => photo.file);
  const fields = options();
  const rotations = group.map(({ turn }) => (turn ? { rotation: `auto+${turn}` } : {}));
  if (rotations.some((page) => page.rotation)) fields.options = JSON.stringify({ pages: rotations });
  const isWhole = isForAll(fields);
  say(text(isWhole ? "uploading" : "asking"));
  const headers = group.map(({ photo }) => (isWhole ? { isWhole } : photo.header ?? undefined));
  // Photos are most of what is sent, in their order, so this shows the progress of each.
  const sizes = files.map(({ size }) => size);
  const whole = sizes.reduce((sum, size) => sum + size, 0);
  const onsent = (share) => {
    let left = isWhole ? share * whole : 0;
    group.forEach(({ photo }, index) => {
      const sent = Math.min(1, Math.max(0, left / sizes[index]));
      cards.get(photo.id)?.style.setProperty("--sent", `${100 * sent}%`);
      left -= sizes[index];
    });
  };
  const send = (url, body) => patiently(url, body, { signal, progress: id("progress"), onsent, say });
  const size = (files) => bytes(files.reduce((sum, file) => sum + file.size, 0));
  const mayUpload = (files) => isWhole || confirm(text("may-upload", { photos: photos(files.length), size: size(files) }));
  return makePdf(files, { fields, headers, send, mayUpload });
}

function failed(error, chosen) {
  if (error.name === "AbortError") {
    say(text("cancelled"));
  } else if (error instanceof PlanError) {
    for (const { input: at, detail, code } of error.inputs) {
      const photo = chosen[at]?.photo;
      // The card already shows the name.
      if (!code.startsWith("input.") && photo) photo.problem = { code, detail: detail.replace(`${photo.file.name}: `, "") };
    }
    show();
    const bad = error.inputs.filter(({ code }) => !code.startsWith("input."));
    const known = { 413: "failed.large", 429: "failed.busy", 503: "failed.busy" }[error.status];
    if (bad.length > 0) say(text("failed.photos", { photos: photos(bad.length) }), true);
    else say(text(known ?? "failed", { detail: error.message, max: bytes(limits.body) }), true);
    list.querySelector("li.failed")?.scrollIntoView({ block: "nearest" });
  } else if (error instanceof TypeError) {
    say(text(navigator.onLine ? "failed.connection" : "failed.offline"), true);
  } else if (error.name === "NotReadableError" || error.name === "NotFoundError") {
    say(text("failed.file"), true);
  } else {
    say(text("failed", { detail: error.message }), true);
  }
}

id("again").addEventListener("click", () => {
  past.length = 0;
  change([], false);
  say("");
  input.focus();
});

// --- the page itself -----------------------------------------------------------------------------------------------

document.body.classList.add("has-script");
tell();
navigator.serviceWorker?.register("sw.js").catch(() => {});
