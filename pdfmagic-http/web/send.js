// Sends forms to the service, with progress.

import { text } from "./texts.js";

/**
 * Sends a form, and retries when a busy service says when. `say` shows messages, `progress` shows the progress, and `onsent`
 * gets the share of the form that was sent.
 */
export async function patiently(url, body, { signal, progress, onsent, say }) {
  for (let attempt = 0; ; attempt++) {
    const response = await post(url, body, { signal, progress, onsent, say });
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
function post(url, body, { signal, progress, onsent, say }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    // Progress is announced at each quarter, since screen readers read every message.
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
