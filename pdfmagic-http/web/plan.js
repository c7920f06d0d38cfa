// Makes a PDF of JPEGs that stay where they are: the service gets their headers and last bytes, and answers with a plan of
// what to put together (docs/plan.md). The PDF is a Blob of slices of the files, so that nothing is copied into memory.

import { readHeader } from "./header.js";

/** The number of bytes that are sent from the end of a file. */
const TAIL = 16;

/** Files up to this size, in bytes, are sent as a whole, since the service follows their markers to the end. */
const SMALL = 65536;

/** The reason why files cannot become a PDF: the service's problem document, with a problem for each faulty `input`. */
export class PlanError extends Error {
  constructor(status, problem, response) {
    super(problem.detail ?? `status ${status}`);
    this.status = status;
    this.code = problem.code;
    this.inputs = problem.inputs ?? [];
    this.retryAfter = Number(response.headers.get("Retry-After")) || 0;
  }
}

/**
 * Makes a PDF of `files`, in their order.
 *
 * `fields` are options by name, as in a form. `send(url, form)` behaves like `fetch`. `mayUpload(files)` is called before
 * files are sent that the service needs as a whole.
 */
export async function makePdf(files, { url = "v1/plan", fields = {}, headers = [], send = post, mayUpload = () => true } = {}) {
  const known = [];
  for (const [index, file] of files.entries()) known.push(await ends(file, headers[index]));
  // Each round adds a range or a file that was missing.
  for (let round = 0; round < 12; round++) {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    files.forEach((file, index) => append(form, file, known[index]));
    const response = await send(url, form);
    if (response.status === 200) return put(await response.json(), files);
    // A proxy in front of the service has its own error pages.
    const problem = await response.json().catch(() => ({}));
    const inputs = problem.inputs ?? [];
    if (inputs.length === 0 || inputs.some(({ code }) => !code.startsWith("input."))) {
      throw new PlanError(response.status, problem, response);
    }
    const whole = inputs.filter(({ code }) => code === "input.whole").map(({ input }) => input);
    if (whole.length > 0 && !(await mayUpload(whole.map((input) => files[input])))) {
      throw new DOMException("not to be uploaded", "AbortError");
    }
    for (const { input, ranges = [] } of inputs) {
      if (whole.includes(input)) known[input] = null;
      for (const { start, end } of ranges) {
        if (start === 0) known[input][0] = [0, end];
        else known[input].push([start, end]);
      }
    }
  }
  throw new Error("the service asks for more again and again");
}

async function post(url, body) {
  return fetch(url, { method: "POST", body });
}

/** Returns the ranges of a file that nearly always suffice, or null for the whole file. */
async function ends(file, header) {
  const { end, isWhole } = header ?? (await readHeader(file));
  if (isWhole) return null;
  return file.size <= SMALL ? [[0, file.size]] : [[0, end], [file.size - TAIL, file.size]];
}

/** Returns the number of bytes of a file that are sent, as far as it is known beforehand. */
export function sentSize({ size, end, isWhole }) {
  return isWhole || size <= SMALL ? size : end + TAIL;
}

function append(form, file, ranges) {
  if (ranges === null) {
    form.append("myfile", file, file.name);
    return;
  }
  const [[, head], ...others] = ranges;
  form.append("head", file.slice(0, head), file.name);
  form.append("size", String(file.size));
  for (const [start, end] of others) form.append(`bytes-${start}`, file.slice(start, end));
}

/** Assembles a PDF by its plan. */
function put(plan, files) {
  if (plan.version !== 1) throw new Error(`this is version ${plan.version} of the plan`);
  const pieces = plan.pieces.map((piece) =>
    "bytes" in piece ? decode(piece.bytes) : files[piece.input].slice(piece.start, piece.end));
  const blob = new Blob(pieces, { type: "application/pdf" });
  if (blob.size !== plan.size) throw new Error("a file has changed meanwhile");
  return { blob, name: plan.name, notices: plan.notices };
}

function decode(base64) {
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}
