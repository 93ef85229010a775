import { pdfOf } from "@drawchat/testkit/pdfs";
import { blackPng } from "@drawchat/testkit/pngs";
import { expect, test } from "vitest";
import { prepareFile } from "./prepare.ts";

const png = blackPng(400, 300);
const fileOf = (bytes: Buffer) => ({ head: bytes.subarray(0, 4_100), read: async () => bytes });

test("an image comes out with its pixels counted, a PDF as it was", async () => {
  expect(await prepareFile(fileOf(png))).toMatchObject({ kind: { name: "png" }, width: 400, height: 300 });
  const pdf = await prepareFile(fileOf(pdfOf()));
  expect(pdf).toMatchObject({ kind: { name: "pdf" }, width: null, height: null, thumbnail: undefined });
  expect(pdf.bytes.equals(pdfOf())).toBe(true);
});

test("what is of no kind is never read", async () => {
  const read = () => Promise.reject(new Error("read"));
  await expect(prepareFile({ head: Buffer.from("<html>"), read })).rejects.toMatchObject({ code: "type_mismatch" });
});

test("at most two are in hand at once, others wait unread, and where many wait the next is busy", async () => {
  const opened = Promise.withResolvers<void>();
  let begun = 0;
  const read = async () => {
    begun += 1;
    await opened.promise;
    return png;
  };
  const waiting = Array.from({ length: 10 }, () => prepareFile({ head: png, read }));
  await expect(prepareFile({ head: png, read })).rejects.toMatchObject({ code: "busy" });
  expect(begun).toBe(2);
  opened.resolve();
  await Promise.all(waiting);
  expect(begun).toBe(10);
});
