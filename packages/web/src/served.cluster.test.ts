/** The built files as a browser gets them: through the edge, from the api. */
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { get, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { type Cluster, startCluster } from "@drawchat/testkit/cluster";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildWeb } from "./build.ts";

const WIDGET_MAX_BYTES = 40 * 1024;

let cluster: Cluster;
let webDir: string;

beforeAll(async () => {
  webDir = await mkdtemp(join(tmpdir(), "drawchat-test-served-"));
  await buildWeb(webDir);
  cluster = await startCluster({ edge: true, writers: 0, webDir });
});

afterAll(async () => {
  await cluster?.stop();
  await rm(webDir, { recursive: true });
});

/** The body as it was sent: nothing here unpacks it. */
async function fetchRaw(path: string, headers: Record<string, string>) {
  const request = get(`${cluster.url("edge-1")}${path}`, { headers });
  const [response]: IncomingMessage[] = await once(request, "response");
  if (response === undefined) throw new Error("no answer");
  return { status: response.statusCode, headers: response.headers, body: await buffer(response) };
}

test.each([
  ["/", "index.html", "text/html; charset=utf-8"],
  ["/inbox", "inbox.html", "text/html; charset=utf-8"],
  ["/support", "support.html", "text/html; charset=utf-8"],
  ["/widget.js", "widget.js", "application/javascript; charset=utf-8"],
  ["/drawchat-support.js", "drawchat-support.js", "application/javascript; charset=utf-8"],
])("%s goes out as small as the client can take it, and plain to who takes nothing", async (path, file, type) => {
  const plain = await readFile(join(webDir, file));
  const unpack = { gzip: gunzipSync, br: brotliDecompressSync };
  for (const coding of ["gzip", "br"] as const) {
    const { status, headers, body } = await fetchRaw(path, { "accept-encoding": coding });
    expect({ status, coding: headers["content-encoding"], type: headers["content-type"] }).toEqual({ status: 200, coding, type });
    expect(headers.vary?.toLowerCase().split(/, */)).toContain("accept-encoding");
    expect(body.length).toBe(Number(headers["content-length"]));
    expect(body.length).toBeLessThan(WIDGET_MAX_BYTES);
    expect(unpack[coding](body)).toEqual(plain);
  }
  for (const accepted of [{}, { "accept-encoding": "identity" }]) {
    const { headers, body } = await fetchRaw(path, accepted);
    expect({ coding: headers["content-encoding"], type: headers["content-type"] }).toEqual({ coding: undefined, type });
    expect(headers.vary?.toLowerCase().split(/, */)).toContain("accept-encoding");
    expect(body).toEqual(plain);
  }
});

test("what is named by its content is kept for ever, compressed or not, and what is not is asked for again", async () => {
  const html = await readFile(join(webDir, "index.html"), "utf8");
  const [asset = ""] = /\/assets\/main-\w+\.js/.exec(html) ?? [];
  for (const accepted of [{}, { "accept-encoding": "gzip" }, { "accept-encoding": "gzip, deflate, br" }]) {
    expect((await fetchRaw(asset, accepted)).headers["cache-control"]).toBe("public, max-age=31536000, immutable");
    const widget = await fetchRaw("/widget.js", accepted);
    expect(widget.headers["cache-control"]).toBe("no-cache");
    const again = await fetchRaw("/widget.js", { ...accepted, "if-none-match": widget.headers.etag ?? "" });
    expect(again).toMatchObject({ status: 304, body: Buffer.alloc(0) });
  }
});

test("a compressed file has no address of its own", async () => {
  for (const path of ["/widget.js.gz", "/widget.js.br", "/index.html.gz"]) expect((await fetchRaw(path, {})).status).toBe(404);
});
