import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildWeb } from "./build.ts";

const SCRIPT_MAX_BYTES = 40 * 1024;

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "drawchat-test-build-"));
  await buildWeb(dir);
});

afterAll(() => rm(dir, { recursive: true }));

test.each(["widget", "drawchat-support"])("%s is one script under 40 KB gzip, by its plain name and by its content", async (name) => {
  const widget = await readFile(join(dir, `${name}.js`));
  expect((await readFile(join(dir, `${name}.js.gz`))).length).toBeLessThan(SCRIPT_MAX_BYTES);
  expect(widget.toString("utf8")).not.toMatch(/\bimport\s*[("'{*]/);
  const hashed = (await readdir(join(dir, "assets"))).filter((file) => new RegExp(`^${name}-[0-9A-Z]{8}\\.js$`).test(file));
  expect(hashed).toHaveLength(1);
  expect(await readFile(join(dir, "assets", hashed[0] ?? ""))).toEqual(widget);
});

test("every file is there compressed too, with the same bytes in it", async () => {
  const names = (await readdir(dir, { recursive: true })).filter((name) => /\.(js|css|html|svg)$/.test(name));
  expect(names.length).toBeGreaterThan(8);
  for (const name of names) {
    const plain = await readFile(join(dir, name));
    expect(gunzipSync(await readFile(join(dir, `${name}.gz`)))).toEqual(plain);
    expect(brotliDecompressSync(await readFile(join(dir, `${name}.br`)))).toEqual(plain);
  }
});

test("pages load nothing from elsewhere, nothing inline, and only what is there", async () => {
  for (const page of ["index.html", "embed-example.html", "inbox.html", "support.html"]) {
    const html = await readFile(join(dir, page), "utf8");
    const loaded = [...html.matchAll(/(?:src|href)="([^"#]+)"/g)].map((match) => match[1] ?? "");
    expect(loaded.length).toBeGreaterThan(2);
    for (const url of loaded) await readFile(join(dir, url));
    expect(html).not.toMatch(/<style|style="|<script(?![^>]* src=)|https?:\/\//);
  }
});
