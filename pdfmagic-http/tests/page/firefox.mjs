// Makes a PDF in Firefox: `firefox.mjs PROGRAM ADDRESS FOLDER JPEG…` saves it in the folder, and prints what went wrong on the page.

import { readdir } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import puppeteer from "puppeteer-core";

const [executablePath, address, folder, ...photos] = process.argv.slice(2);
const browser = await puppeteer.launch({
  browser: "firefox",
  executablePath,
  extraPrefsFirefox: { "browser.download.dir": folder, "browser.download.folderList": 2, "pdfjs.disabled": true },
});
try {
  const page = await browser.newPage();
  page.on("pageerror", (error) => console.log(String(error)));
  page.on("console", (message) => message.type() === "error" && console.log(message.text()));
  page.on("request", (request) => /^(blob|data):/.test(request.url()) || request.url().startsWith(address) || console.log(request.url()));
  await page.goto(`${address}/`);
  await (await page.$("#myfile")).uploadFile(...photos);
  await page.waitForFunction((count) => document.querySelectorAll("#pages li:not(.loading)").length === count, {}, photos.length);
  await page.click("#make");
  await page.waitForSelector("#result:not([hidden])");
  await page.click("#files .button");
  // The file has its name from the beginning, and another beside it until it is whole.
  for (let names = []; names.length !== 1 || !names[0].endsWith(".pdf"); names = await readdir(folder)) await setTimeout(50);
} finally {
  await browser.close();
}
