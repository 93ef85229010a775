import { mkdir, mkdtemp, readdir, readlink, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { copyNative } from "./postgres-binaries.ts";

let dir: string;
let native: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "drawchat-test-native-"));
  native = join(dir, "native");
  for (const folder of ["bin", "lib"]) await mkdir(join(native, folder), { recursive: true });
  for (const program of ["initdb", "postgres", "pg_ctl"]) await writeFile(join(native, "bin", program), "", { mode: 0o644 });
  await writeFile(join(native, "lib", "libz.so.1.2"), "");
  const links = [{ source: "native/lib/libz.so.1.2", target: "native/lib/libz.so" }];
  await writeFile(join(native, "pg-symlinks.json"), JSON.stringify(links));
});
afterEach(() => rm(dir, { recursive: true }));

test("links that npm lost are made again, and programs can be run", async () => {
  await copyNative(native, join(dir, "copy"));
  expect(await readlink(join(dir, "copy", "lib", "libz.so"))).toBe("libz.so.1.2");
  expect((await stat(join(dir, "copy", "bin", "postgres"))).mode & 0o111).toBe(0o111);
});

test("two copies at once leave one, whole", async () => {
  await Promise.all([copyNative(native, join(dir, "copy")), copyNative(native, join(dir, "copy"))]);
  expect((await readdir(dir)).toSorted((a, b) => a.localeCompare(b))).toEqual(["copy", "native"]);
  expect(await readdir(join(dir, "copy", "bin"))).toHaveLength(3);
});
