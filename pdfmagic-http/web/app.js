// The page: photos are picked, ordered and turned here, and the PDF is put together here.

import { layout } from "./geometry.js";
import { PlanError, makePdf, sentSize } from "./plan.js";

const { texts, limits } = JSON.parse(document.getElementById("data").textContent);
const id = (name) => document.getElementById(name);
const form = id("form");
const input = form.elements.myfile;
const list = id("pages");

/** Photos in the order of their pages, each `{ id, file, header, picture, problem }`, and how far each is turned. */
let pages = [];
/** What the pages were, for undo. */
const past = [];
/** The cards of photos, by their numbers. */
const cards = new Map();
/** Ends what is being made. */
let running = null;
/** Addresses of PDFs, to be given back. */
let addresses = [];
let nextId = 0;

// --- texts ---------------------------------------------------------------------------------------------------------

const lang = document.documentElement.lang;

function text(key, values = {}) {
  return (texts[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

function bytes(n) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  const power = Math.min(3, Math.floor(Math.log10(Math.max(n, 1)) / 3));
  const value = n / 1000 ** power;
  return new Intl.NumberFormat(lang, {
    style: "unit", unit: units[power], unitDisplay: power ? "short" : "long", maximumFractionDigits: value < 10 && power ? 1 : 0,
  }).format(value);
}

function photos(n) {
  return text(n === 1 ? "photo" : "photos", { n: new Intl.NumberFormat(lang).format(n) });
}

/** Says something, also to screen readers. */
function say(message, isError = false) {
  id("status").textContent = message;
  id("status").classList.toggle("failed", isError);
}

// --- photos --------------------------------------------------------------------------------------------------------

const workers = [0, 1].map(() => {
  const worker = new Worker(new URL("thumbs.js", import.meta.url), { type: "module" });
  worker.onmessage = ({ data }) => looked(worker, data);
  worker.onerror = () => { worker.isBroken = true; };
  return worker;
});
const waiting = [];
let readers = [...workers];

/** Lets the next photo be looked at. */
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
  if (page) draw(page);
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
  hideResult();
  show();
}

// --- the list ------------------------------------------------------------------------------------------------------

function show() {
  const wanted = new Set(pages.map(({ photo }) => photo.id));
  for (const [key, card] of cards) {
    if (!wanted.has(key)) {
      card.remove();
      cards.delete(key);
    }
  }
  let at = list.firstElementChild;
  pages.forEach((page, index) => {
    let card = cards.get(page.photo.id);
    if (!card) {
      card = newCard(page);
      cards.set(page.photo.id, card);
    }
    if (card === at) at = at.nextElementSibling;
    else list.insertBefore(card, at);
    label(card, page, index);
    draw(page);
  });
  const none = pages.length === 0;
  list.hidden = id("tools").hidden = none;
  id("each-label").hidden = pages.length < 2;
  id("count").textContent = none ? "" : `(${pages.length})`;
  id("undo").disabled = past.length === 0;
  if (none && past.length > 0) id("tools").hidden = false;
  document.body.classList.toggle("has-pages", !none);
  tell();
}

const ICONS = { earlier: "←", later: "→", turn: "↻", remove: "✕" };

function newCard({ photo }) {
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

function label(card, { photo }, index) {
  const values = { n: index + 1, of: pages.length, name: photo.file.name };
  for (const button of card.lastElementChild.children) {
    const { action } = button.dataset;
    const name = text(action, values);
    if (button.title !== name) {
      button.title = name;
      button.setAttribute("aria-label", name);
    }
    // Not disabled, which would lose the focus.
    const isIdle = (action === "earlier" && index === 0) || (action === "later" && index === pages.length - 1);
    button.setAttribute("aria-disabled", String(isIdle));
  }
}

/** Draws a photo on its page, both to scale. */
function draw(page) {
  const { photo, turn } = page;
  const card = cards.get(photo.id);
  if (!card) return;
  const { header } = photo;
  const about = card.querySelector(".about");
  const notes = [];
  if (photo.problem) notes.push(photo.problem.detail);
  else if (header?.hasPosition) notes.push(text(form.elements.metadata.checked ? "gps.removed" : "gps.kept"));
  if (!photo.problem && header?.isCutOff) notes.push(text("cut-off"));
  if (!photo.problem && photo.note) notes.push(photo.note);
  const said = notes.join(" ");
  if (about.textContent !== said) about.textContent = said;
  card.classList.toggle("failed", photo.problem !== null);
  card.classList.toggle("loading", !header);
  const paper = card.querySelector(".paper");
  const drawn = `${turn} ${JSON.stringify(options())} ${Boolean(photo.picture)} ${Boolean(header)}`;
  if (!header?.width || paper.drawn === drawn) return;
  paper.drawn = drawn;
  paper.replaceChildren(drawing(page, paper));
}

/** The photo on its paper, whose longer side is as long as the stand's. */
function drawing({ photo, turn }, paper) {
  const { page: [width, height], image: [x, y, w, h] } = layout(photo.header, turn, options());
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

list.addEventListener("click", ({ target }) => {
  const button = target.closest("button");
  if (!button || running || button.getAttribute("aria-disabled") === "true") return;
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
    move(at, action === "earlier" ? at - 1 : at + 1);
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

// --- what comes in -------------------------------------------------------------------------------------------------

input.required = false;
input.addEventListener("change", () => {
  add(input.files);
  input.value = "";
});

// Anywhere on the page, so that a drop never leaves it.
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

/** Options by name, without those that are left as they are. */
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
  hideResult();
  pages.forEach(draw);
  tell();
});

/** The pages that can be made. */
function sound() {
  return pages.filter(({ photo }) => photo.problem === null);
}

/** Whether the service must see all of each photo. */
function isForAll(fields) {
  return ["quality", "max-pdf-size", "verify"].some((name) => name in fields);
}

/** Says what will be sent, and whether that is too much. */
function tell() {
  const now = sound();
  const sent = id("sent");
  const total = now.reduce((sum, { photo }) => sum + photo.file.size, 0);
  const size = isForAll(options())
    ? total
    : now.reduce((sum, { photo }) => sum + (photo.header ? sentSize(photo.header) : 0), 0);
  const isOver = size > limits.body || now.length > (isForAll(options()) ? limits.whole : limits.files);
  const whole = now.filter(({ photo: { header } }) => header && sentSize(header) === header.size).length;
  const values = { size: bytes(size), total: bytes(total), max: bytes(limits.body), photos: photos(isOver ? now.length : whole) };
  if (pages.length === 0) sent.textContent = "";
  else if (isOver) sent.textContent = text("too-large", values);
  else if (isForAll(options())) sent.textContent = text("sent.all", values);
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
  hideResult();
  document.body.classList.add("is-running");
  id("cancel").hidden = id("progress").hidden = false;
  tell();
  id("cancel").focus();
  const chosen = sound();
  try {
    const groups = id("each").checked && chosen.length > 1 ? chosen.map((page) => [page]) : [chosen];
    const made = [];
    for (const group of groups) made.push({ ...(await make(group, running.signal)), group });
    showResult(made);
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
  // Photos are most of what is sent, in their order, so this is how far each has come.
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
  const send = (url, body) => patiently(url, body, signal, onsent);
  const size = (files) => bytes(files.reduce((sum, file) => sum + file.size, 0));
  const mayUpload = (files) => isWhole || confirm(text("may-upload", { photos: photos(files.length), size: size(files) }));
  return makePdf(files, { fields, headers, send, mayUpload });
}

/** Sends a form, and again when the service is busy and says when to come again. */
async function patiently(url, body, signal, onsent) {
  for (let attempt = 0; ; attempt++) {
    const response = await post(url, body, signal, onsent);
    const seconds = Number(response.headers.get("Retry-After")) || 2;
    if (![429, 503].includes(response.status) || attempt === 5) return response;
    for (let left = seconds; left > 0; left--) {
      say(text("retry", { n: left }));
      await new Promise((resolve, reject) => {
        const timer = setTimeout(resolve, 1000);
        signal.addEventListener("abort", () => {
          clearTimeout(timer);
          reject(new DOMException("cancelled", "AbortError"));
        }, { once: true });
      });
    }
  }
}

/** Sends a form, with progress. */
function post(url, body, signal, onsent) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const progress = id("progress");
    // Said at each quarter, since a screen reader reads all of it.
    let quarter = 0;
    request.upload.onprogress = ({ loaded, total }) => {
      progress.value = loaded / total;
      onsent(loaded / total);
      const passed = Math.floor((4 * loaded) / total);
      if (passed > quarter && passed < 4) say(text("uploaded", { n: 25 * passed }));
      quarter = Math.max(quarter, passed);
    };
    request.upload.onload = () => {
      progress.removeAttribute("value");
      say(text("waiting"));
    };
    request.onprogress = ({ loaded, total, lengthComputable }) => {
      if (lengthComputable) progress.value = loaded / total;
    };
    request.onload = () => {
      const headers = new Headers();
      for (const line of request.getAllResponseHeaders().trim().split("\r\n")) headers.append(...line.split(/: (.*)/s).slice(0, 2));
      resolve(new Response(request.response, { status: request.status, headers }));
    };
    request.onerror = () => reject(new TypeError("no answer"));
    request.onabort = () => reject(new DOMException("cancelled", "AbortError"));
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.open("POST", url);
    request.setRequestHeader("Accept", "application/json");
    request.responseType = "blob";
    if (signal.aborted) request.abort();
    request.send(body);
  });
}

function failed(error, chosen) {
  if (error.name === "AbortError") {
    say(text("cancelled"));
  } else if (error instanceof PlanError) {
    for (const { input: at, detail, code } of error.inputs) {
      if (!code.startsWith("input.") && chosen[at]) chosen[at].photo.problem = { code, detail };
    }
    pages.forEach(draw);
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

// --- the result ----------------------------------------------------------------------------------------------------

function hideResult() {
  id("result").hidden = true;
  for (const address of addresses) URL.revokeObjectURL(address);
  addresses = [];
  id("files").replaceChildren();
}

function showResult(made) {
  const first = made[0].group[0];
  const paper = document.createElement("div");
  paper.className = "paper";
  if (first.photo.header?.width) paper.append(drawing(first, paper));
  id("preview").replaceChildren(paper);
  id("files").replaceChildren(...made.map(fileOf));
  const notices = made.flatMap(({ notices, group }) => notices.map(({ input: at, message }) => [group[at].photo.file.name, message]));
  id("notices").replaceChildren(...notices.slice(0, 100).map(([name, message]) => {
    const item = document.createElement("li");
    item.textContent = `${name}: ${message}`;
    return item;
  }));
  id("result").hidden = false;
  say(text("done"));
  id("result-title").focus();
  id("result").scrollIntoView({ block: "nearest" });
}

function fileOf({ blob, name, group }) {
  const title = form.elements.title.value.trim().replace(/[\\/:*?"<>|]/g, "_");
  const file = new File([blob], title && !id("each").checked ? `${title}.pdf` : name, { type: "application/pdf" });
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
