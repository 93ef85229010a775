import type { UploadOptions } from "@drawchat/client/conversations-api";
import { ApiError } from "@drawchat/client/rest";
import type { Attachment } from "@drawchat/protocol/conversations";
import { expect, test } from "vitest";
import { PendingUploads } from "./pending-uploads.ts";

interface Asked {
  file: File;
  options: UploadOptions;
  succeed: () => void;
  fail: (error: unknown) => void;
}

/** Uploads that the test answers. */
function makeUploads(ready: Attachment[] = []) {
  const asked: Asked[] = [];
  const upload = (file: File, options: UploadOptions) =>
    new Promise<Attachment>((resolve, fail) => asked.push({ file, options, succeed: () => resolve(attachmentOf(file.name)), fail }));
  return { asked, uploads: new PendingUploads({ upload, onChange: () => undefined }, ready) };
}

function attachmentOf(name: string): Attachment {
  return { upload_id: `id of ${name}`, name, content_type: "application/pdf", size_bytes: 3, width: null, height: null };
}

const pdf = (name: string) => new File(["abc"], name, { type: "application/pdf" });
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("files go up at once, and what is up is taken in the order in which they were chosen", async () => {
  const { asked, uploads } = makeUploads();
  uploads.add([pdf("one"), pdf("two")]);
  asked[0]?.options.onProgress?.(0.5);
  expect([uploads.isBusy, uploads.list.map(({ share }) => share)]).toEqual([true, [0.5, 0]]);
  asked[1]?.succeed();
  asked[0]?.succeed();
  await settled();
  expect(uploads.isBusy).toBe(false);
  expect(uploads.take().map(({ name }) => name)).toEqual(["one", "two"]);
  expect(uploads.list).toEqual([]);
});

test("what an earlier page had uploaded is ready", () => {
  const { uploads } = makeUploads([attachmentOf("before")]);
  expect(uploads.take()).toEqual([attachmentOf("before")]);
});

test("what needs no server to be refused is not sent, and stays when the others are taken", async () => {
  const { asked, uploads } = makeUploads();
  const large = new File([new Uint8Array(10 * 1024 * 1024 + 1)], "large", { type: "image/png" });
  uploads.add([new File(["abc"], "text", { type: "text/plain" }), large, pdf("one")]);
  expect(asked.map(({ file }) => file.name)).toEqual(["one"]);
  asked[0]?.succeed();
  await settled();
  expect(uploads.take()).toHaveLength(1);
  expect(uploads.list.map(({ problem }) => problem)).toEqual(["uploadKind", "uploadTooLarge"]);
});

test("a refusal is told, and tried again when it is asked for", async () => {
  const { asked, uploads } = makeUploads();
  uploads.add([pdf("one")]);
  asked[0]?.fail(new ApiError(422, "active_pdf", "no"));
  await settled();
  expect(uploads.list[0]).toMatchObject({ problem: "uploadActive", attachment: undefined });
  uploads.retry(uploads.list[0]?.key ?? "");
  asked[1]?.succeed();
  await settled();
  expect(uploads.list[0]).toMatchObject({ problem: undefined, attachment: attachmentOf("one") });
});

test("a removed one is cancelled, and its end tells nothing", async () => {
  const { asked, uploads } = makeUploads();
  uploads.add([pdf("one")]);
  uploads.remove(uploads.list[0]?.key ?? "");
  expect(asked[0]?.options.signal?.aborted).toBe(true);
  asked[0]?.fail(new Error("aborted"));
  await settled();
  expect(uploads.list).toEqual([]);
});
