import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { insertUpload } from "@drawchat/db/uploads";
import { openFileStore, type Variant } from "@drawchat/files/store";
import { createLog } from "@drawchat/runtime/log";
import { addConversation } from "@drawchat/testkit/conversations";
import { testDatabase } from "@drawchat/testkit/postgres";
import { afterAll, expect, test } from "vitest";
import { sweepLostFiles, sweepUploads } from "./upload-sweep.ts";

const dir = await mkdtemp(join(tmpdir(), "drawchat-test-sweep-"));
afterAll(() => rm(dir, { recursive: true }));
const files = await openFileStore({ dir, s3: undefined });
await files.prepare();
const { db } = await testDatabase();
const conversationId = await addConversation(db);
const parts = { db, files, log: createLog("test", "error"), stopping: new AbortController().signal };

const pathOf = (id: string, variant: Variant = "file") => join(dir, "files", id.slice(0, 2), variant === "file" ? id : `${id}.thumbnail`);
const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000);

async function addFile(variants: Variant[], days = 0): Promise<string> {
  const id = crypto.randomUUID();
  for (const variant of variants) {
    await files.write(id, variant, { bytes: Buffer.from("a"), contentType: "image/png" });
    await utimes(pathOf(id, variant), daysAgo(days), daysAgo(days));
  }
  return id;
}

async function addUpload(days: number): Promise<string> {
  const id = await addFile(["file", "thumbnail"], days);
  const about = { name: "a.png", content_type: "image/png", size_bytes: 1, width: 1, height: 1, thumbnail_bytes: 1 };
  await insertUpload(db, { id, conversation_id: conversationId, user_id: 1, ...about });
  await db
    .updateTable("uploads")
    .set({ created_at: daysAgo(days) })
    .where("id", "=", id)
    .execute();
  return id;
}

async function kept(): Promise<Set<string>> {
  const ids = new Set<string>();
  for await (const { id } of files.list()) ids.add(id);
  return ids;
}

test("an upload of no use goes with its row, both of its files, and what stayed of others on their way in", async () => {
  const [old, young] = [await addUpload(2), await addUpload(0)];
  const stale = join(files.incomingDir, "stale");
  await writeFile(stale, "");
  await utimes(stale, daysAgo(1), daysAgo(1));
  await sweepUploads(parts);
  expect(await kept()).toEqual(new Set([young]));
  expect(await db.selectFrom("uploads").select("id").execute()).toEqual([{ id: young }]);
  expect(await readdir(files.incomingDir)).toEqual([]);
  expect(old).not.toBe(young);
});

test("a file without a row is removed after a day; one with a row never", async () => {
  const known = await addUpload(30);
  const young = await addFile(["file"]);
  const lost = [await addFile(["file", "thumbnail"], 2), await addFile(["thumbnail"], 2), await addFile(["file"], 2)];
  await sweepLostFiles(parts);
  const left = await kept();
  expect(lost.filter((id) => left.has(id))).toEqual([]);
  expect([known, young].filter((id) => !left.has(id))).toEqual([]);
});
