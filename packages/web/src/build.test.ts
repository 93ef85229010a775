import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildWeb } from "./build.ts";

const WIDGET_MAX_BYTES = 40 * 1024;

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "drawchat-test-build-"));
  await buildWeb(dir);
});

afterAll(() => rm(dir, { recursive: true }));

test("the widget is one script under 40 KB gzip, by its plain name and by its content", async () => {
  const widget = await readFile(join(dir, "widget.js"));
  expect(gzipSync(widget, { level: 6 }).length).toBeLessThan(WIDGET_MAX_BYTES);
  expect(widget.toString("utf8")).not.toMatch(/\bimport\s*[("'{*]/);
  const hashed = (await readdir(join(dir, "assets"))).filter((name) => /^widget-[0-9A-Z]{8}\.js$/.test(name));
  expect(hashed).toHaveLength(1);
  expect(await readFile(join(dir, "assets", hashed[0] ?? ""))).toEqual(widget);
});

test("pages load nothing from elsewhere, nothing inline, and only what is there", async () => {
  for (const page of ["index.html", "embed-example.html"]) {
    const html = await readFile(join(dir, page), "utf8");
    const loaded = [...html.matchAll(/(?:src|href)="([^"#]+)"/g)].map((match) => match[1] ?? "");
    expect(loaded.length).toBeGreaterThan(2);
    for (const url of loaded) await readFile(join(dir, url));
    expect(html).not.toMatch(/<style|style="|<script(?![^>]* src=)|https?:\/\//);
  }
});
