// Drag and drop, progress, and errors as sentences. Without it the form works as any form does.
"use strict";

const form = document.querySelector("form");
const input = form.elements.myfile;
const button = form.querySelector("button");
const status = document.querySelector("#status");

for (const type of ["dragover", "dragleave", "drop"]) {
  form.addEventListener(type, (event) => {
    event.preventDefault();
    form.classList.toggle("over", type === "dragover");
    if (type === "drop" && event.dataTransfer.files.length > 0) {
      input.files = event.dataTransfer.files;
      form.requestSubmit();
    }
  });
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const request = new XMLHttpRequest();
  request.responseType = "blob";
  request.upload.onprogress = ({ loaded, total }) => say(`Uploading: ${Math.floor((100 * loaded) / total)} %`);
  request.onload = async () => {
    if (request.status === 200) {
      save(request.response, /filename="(.+)"/.exec(request.getResponseHeader("Content-Disposition"))[1]);
    } else {
      // A proxy in front says it in its own words.
      const problem = await request.response.text().then(JSON.parse).catch(() => ({ detail: `status ${request.status}` }));
      fail(`That did not work: ${problem.detail}.`);
    }
  };
  request.onerror = () => fail("The service did not answer. Is the file too large?");
  request.onloadend = () => { button.disabled = false; };
  request.open("POST", form.action);
  button.disabled = true;
  say("Uploading…");
  request.send(new FormData(form));
});

function say(text) {
  status.textContent = text;
  status.classList.remove("failed");
}

function fail(text) {
  say(text);
  status.classList.add("failed");
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
  say(`Saved ${name}.`);
}
