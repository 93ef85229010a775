import { readdirSync } from "node:fs";
import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { Env } from "@drawchat/runtime/env";
import { fullDiskStore } from "@drawchat/testkit/full-disk";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startS3 } from "../test/s3-server.ts";
import { Incoming } from "./incoming.ts";
import { readUploadSettings } from "./settings.ts";
import { type FileStore, openFileStore } from "./store.ts";

const dir = await mkdtemp(join(tmpdir(), "drawchat-test-files-"));
const s3 = await startS3();
afterAll(async () => {
  await s3.stop();
  await rm(dir, { recursive: true });
});

const png = (bytes: Buffer) => ({ bytes, contentType: "image/png" });

async function idsIn(store: FileStore): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of store.list()) ids.push(id);
  return ids;
}

async function allOf(stream: Readable | undefined): Promise<string> {
  if (stream === undefined) throw new Error("no such file");
  return (await buffer(stream)).toString();
}

describe.each([
  ["a folder", { dir, s3: undefined }],
  ["a bucket", { dir, s3: s3.settings }],
])("in %s", async (_where, settings) => {
  const store = await openFileStore(settings);
  beforeAll(() => store.prepare());
  const whole = { start: 0, end: 9 };

  test("a file is read as it was written, or a part of it", async () => {
    const id = crypto.randomUUID();
    await store.write(id, "file", png(Buffer.from("0123456789")));
    await store.write(id, "thumbnail", png(Buffer.from("small")));
    expect(await allOf(await store.read(id, "file", whole))).toBe("0123456789");
    expect(await allOf(await store.read(id, "file", { start: 3, end: 5 }))).toBe("345");
    expect(await allOf(await store.read(id, "thumbnail", { start: 0, end: 4 }))).toBe("small");
  });

  test("a part of a file of many chunks is exact", async () => {
    const id = crypto.randomUUID();
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 251));
    await store.write(id, "file", png(bytes));
    const stream = await store.read(id, "file", { start: 65_530, end: 200_001 });
    if (stream === undefined) throw new Error("no such file");
    expect((await buffer(stream)).equals(bytes.subarray(65_530, 200_002))).toBe(true);
  });

  test("both variants are gone once it is removed, also the second time", async () => {
    const id = crypto.randomUUID();
    await store.write(id, "file", png(Buffer.from("0123456789")));
    await store.write(id, "thumbnail", png(Buffer.from("small")));
    await store.remove(id);
    await store.remove(id);
    expect(await store.read(id, "file", whole)).toBeUndefined();
    expect(await store.read(id, "thumbnail", whole)).toBeUndefined();
  });

  test("all files are listed, and how old they are is known", async () => {
    const id = crypto.randomUUID();
    await store.write(id, "file", png(Buffer.from("a")));
    await store.write(id, "thumbnail", png(Buffer.from("b")));
    const listed = [];
    for await (const file of store.list()) if (file.id === id) listed.push(file.variant);
    expect(listed.sort()).toEqual(["file", "thumbnail"]);
    expect(await store.isOlder({ id, variant: "file" }, 60_000)).toBe(false);
    expect(await store.isOlder({ id, variant: "file" }, -60_000)).toBe(true);
    expect(await store.isOlder({ id: crypto.randomUUID(), variant: "file" }, -60_000)).toBe(false);
  });

  test.each(["../../etc/passwd", "..", "", "A".repeat(36)])("%j is no id: no path is made of it", async (id) => {
    await expect(store.write(id, "file", png(Buffer.from("a")))).rejects.toThrow();
  });
});

test("a reader that goes away leaves no file open", async () => {
  const store = await openFileStore({ dir, s3: undefined });
  const id = crypto.randomUUID();
  await store.write(id, "file", png(Buffer.alloc(2_000_000)));
  const openFiles = () => readdirSync("/proc/self/fd").length;
  const before = openFiles();
  for (let i = 0; i < 10; i += 1) (await store.read(id, "file", { start: 0, end: 1_999_999 }))?.destroy();
  await expect.poll(openFiles).toBeLessThanOrEqual(before);
});

test("a bucket that cannot be reached is unavailable", async () => {
  const store = await openFileStore({ dir, s3: { ...s3.settings, endpoint: "http://127.0.0.1:1" } });
  await expect(store.write(crypto.randomUUID(), "file", png(Buffer.from("a")))).rejects.toMatchObject({ code: "unavailable" });
  await expect(store.read(crypto.randomUUID(), "file", { start: 0, end: 1 })).rejects.toMatchObject({ code: "unavailable" });
});

test("a full disk is told as such, and keeps nothing of the file", async () => {
  const store = fullDiskStore(join(dir, "full"), { freeBytes: 10 });
  const id = crypto.randomUUID();
  await store.write(id, "thumbnail", png(Buffer.from("small")));
  await expect(store.write(id, "file", png(Buffer.alloc(100)))).rejects.toMatchObject({ code: "storage_full" });
  expect(await idsIn(store)).toEqual([]);
  expect(await readdir(join(dir, "full", "files", id.slice(0, 2)))).toEqual([]);
});

describe("what comes in", async () => {
  const store = await openFileStore({ dir: join(dir, "own"), s3: undefined });

  test("is in a file without a name, and gone when it is closed", async () => {
    await store.prepare();
    const incoming = await Incoming.open(store.incomingDir);
    await incoming.receive(
      (async function* () {
        yield Buffer.from("01234");
        yield Buffer.from("56789");
      })(),
      10,
    );
    expect(await readdir(store.incomingDir)).toEqual([]);
    expect(incoming.sizeBytes).toBe(10);
    expect((await incoming.head()).toString()).toBe("0123456789");
    expect((await incoming.read()).toString()).toBe("0123456789");
    await incoming.close();
  });

  test("is refused at the limit", async () => {
    const incoming = await Incoming.open(store.incomingDir);
    const endless = (async function* () {
      for (;;) yield Buffer.alloc(4);
    })();
    await expect(incoming.receive(endless, 10)).rejects.toMatchObject({ code: "too_large" });
    await incoming.close();
  });

  test("and stayed although nobody writes it is removed after its time", async () => {
    await writeFile(join(store.incomingDir, "old"), "");
    await writeFile(join(store.incomingDir, "new"), "");
    await utimes(join(store.incomingDir, "old"), new Date(), new Date(Date.now() - 3_700_000));
    expect(await store.removeStaleIncoming(3_600_000)).toBe(1);
    expect(await readdir(store.incomingDir)).toEqual(["new"]);
  });

  test("needs a folder that can be written to", async () => {
    await writeFile(join(dir, "a-file"), "");
    await expect((await openFileStore({ dir: join(dir, "a-file"), s3: undefined })).prepare()).rejects.toThrow(
      "UPLOADS_DIR cannot be written to",
    );
  });
});

describe("settings", () => {
  const read = (source: Record<string, string>) => {
    const env = new Env(source);
    const settings = readUploadSettings(env);
    env.finish();
    return settings;
  };

  test("without any, files are below the data folder", () => {
    expect(read({ DATA_DIR: "/data" })).toEqual({ dir: "/data/uploads", s3: undefined });
    expect(read({ DATA_DIR: "/data", UPLOADS_DIR: "/files" }).dir).toBe("/files");
  });

  test("a bucket of Amazon's needs its name alone; another server's has the bucket in the path", () => {
    expect(read({ UPLOADS_S3_BUCKET: "b" }).s3).toMatchObject({
      bucket: "b",
      endpoint: undefined,
      isPathStyle: false,
      credentials: undefined,
    });
    expect(read({ UPLOADS_S3_BUCKET: "b", UPLOADS_S3_ENDPOINT: "http://minio:9000" }).s3?.isPathStyle).toBe(true);
  });

  test.each([
    [{ UPLOADS_S3_ENDPOINT: "http://minio:9000" }, "UPLOADS_S3_BUCKET is missing"],
    [{ UPLOADS_S3_BUCKET: "b", UPLOADS_S3_ENDPOINT: "minio:9000" }, "UPLOADS_S3_ENDPOINT must be"],
    [{ UPLOADS_S3_BUCKET: "b", UPLOADS_S3_ACCESS_KEY_ID: "a" }, "go together"],
  ])("%j is refused", (source, says) => {
    expect(() => read(source)).toThrow(says);
  });
});
