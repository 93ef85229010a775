import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { placeReachable } from "./reachable.ts";

const SOMEBODY = 65534;
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "drawchat-test-reach-"));
});
afterEach(() => rm(dir, { recursive: true }));

test("below folders that others may enter the place stays", async () => {
  await chmod(dir, 0o755);
  expect(await placeReachable(join(dir, "cluster"), SOMEBODY)).toBe(join(dir, "cluster"));
});

test("one's own process needs no other place", async () => {
  expect(await placeReachable(join(dir, "cluster"), undefined)).toBe(join(dir, "cluster"));
});

test("below a closed folder the place is elsewhere, the same one each time, empty after the link was deleted", async () => {
  const place = await placeReachable(join(dir, "cluster"), SOMEBODY);
  expect(place.startsWith("/var/tmp/drawchat-")).toBe(true);
  await mkdir(place);
  await writeFile(join(place, "kept"), "");
  expect(await placeReachable(join(dir, "cluster"), SOMEBODY)).toBe(place);
  await rm(join(dir, "cluster"));
  expect(await placeReachable(join(dir, "cluster"), SOMEBODY)).toBe(place);
  await mkdir(place); // fails where the old data were still there
  await rm(dirname(place), { recursive: true });
});
