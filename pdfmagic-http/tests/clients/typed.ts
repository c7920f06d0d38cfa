// Converts a photo with the client that openapi-typescript generates: address, photo, PDF.
import { openAsBlob } from "node:fs";
import { writeFile } from "node:fs/promises";
import createClient from "openapi-fetch";
import type { paths } from "./api.d.ts";

const [address, photo, pdf] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl: address });
const { data, error, response } = await client.POST("/v1/pdf", {
  params: { query: { quality: 50, pagesize: "A4" } },
  headers: { "Content-Type": "application/octet-stream" },
  body: (await openAsBlob(photo)) as unknown as string,
  bodySerializer: (body) => body,
  parseAs: "arrayBuffer",
});
if (error) throw new Error(`${response.status} ${error.code}: ${error.detail}`);
await writeFile(pdf, Buffer.from(data as unknown as ArrayBuffer));
