/** Files as clients send them: every kind of file and form, and what each is answered. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { Upload } from "@drawchat/protocol/conversations-rest";
import { packed, pdfOf, stream } from "@drawchat/testkit/pdfs";
import { blackApng, blackPng, chunk } from "@drawchat/testkit/pngs";
import Value from "typebox/value";
import { describe, expect, test } from "vitest";
import { BOUNDARY, FORM_TYPE, fieldPart, filePart, form } from "../test/form.ts";
import { ANN, BEN, testUploads } from "../test/uploads.ts";
import { CALL_EXAMPLES } from "./examples.ts";

const uploads = await testUploads();
const png = blackPng(40, 30);
const SCRIPT = "<script>alert(1)</script>";

describe("a file", () => {
  test("of a participant is kept, told of and served, with a thumbnail", async () => {
    const upload = await uploads.uploaded(blackPng(800, 600));
    const { upload_id, created_at } = upload;
    const about = { name: "cat.png", content_type: "image/png", size_bytes: expect.any(Number), width: 800, height: 600 };
    expect(upload).toEqual({ upload_id, ...about, conversation_id: uploads.conversationId, created_at });
    const bytes = await uploads.bytesOf(upload_id);
    expect(bytes.length).toBe(upload.size_bytes);
    expect(bytes.toString("latin1", 1, 4)).toBe("PNG");
    expect((await uploads.bytesOf(upload_id, { query: "?size=thumbnail" })).toString("latin1", 8, 12)).toBe("WEBP");
  });

  test("is told of as the description has it", async () => {
    const example = CALL_EXAMPLES["POST /uploads"]?.answer;
    expect(Value.Check(Upload, example)).toBe(true);
    expect(Object.keys(await uploads.uploaded(png))).toEqual(Object.keys(Object(example)));
  });

  test("sent twice is two uploads", async () => {
    expect((await uploads.uploaded(png)).upload_id).not.toBe((await uploads.uploaded(png)).upload_id);
  });

  test("may come from an agent who is no participant", async () => {
    expect((await uploads.uploaded(png, {}, { user: BEN })).conversation_id).toBe(uploads.conversationId);
  });

  test.each([
    ["in somebody else's conversation", uploads.elsewhere, "404 not_found"],
    ["in one that there is not", 999_999, "404 not_found"],
    ["in none", "", "400 bad_id"],
    ["in ../1", "../1", "400 bad_id"],
  ])("%s is refused", async (_what, to, expected) => {
    expect(await uploads.refusal(form(filePart(png)), { to })).toBe(expected);
  });

  test("is on disk under its random id alone, whatever it was called", async () => {
    const { upload_id } = await uploads.uploaded(png, { disposition: 'name="file"; filename="../../etc/passwd.png"' });
    const kept = await readdir(join(uploads.dir, "files"), { recursive: true });
    const prefix = upload_id.slice(0, 2);
    expect(kept.filter((path) => path.includes("/")).sort()).toEqual([`${prefix}/${upload_id}`, `${prefix}/${upload_id}.thumbnail`]);
  });
});

describe("a form is 400:", () => {
  test.each<[string, Buffer, string?]>([
    ["without a file", form()],
    ["with fields alone", form(fieldPart("url", "http://127.0.0.1/x.png"))],
    ["with two files", form(filePart(png), filePart(png, { disposition: 'name="other"; filename="b.png"' }))],
    ["of 20,000 parts", form(...Array.from({ length: 20_000 }, (_, i) => fieldPart(`f${i}`, "x")))],
    ["of 20,000 parts behind the file", form(filePart(png), ...Array.from({ length: 20_000 }, (_, i) => fieldPart(`f${i}`, "x")))],
    ["with an empty file", form(filePart(""))],
    ["without a boundary", form(filePart(png)), "multipart/form-data"],
    ["with another boundary", form(filePart(png)), "multipart/form-data; boundary=other"],
    ["without its last boundary", form(filePart(png)).subarray(0, -`--${BOUNDARY}--\r\n`.length)],
    ["with a body that is empty", Buffer.alloc(0)],
    ["that is JSON", Buffer.from("{}"), "application/json"],
    ["that is the file itself", png, "image/png"],
    ["with a file named __proto__", form(filePart(png, { disposition: 'name="__proto__"; filename="a.png"' }))],
    ["with a file that has no name at all and no type of its own", form(`Content-Disposition: form-data; name="file"\r\n\r\n${SCRIPT}`)],
  ])("%s", async (_what, body, type = FORM_TYPE) => {
    expect(await uploads.refusal(body, { type })).toBe("400 bad_multipart");
  });
});

describe("a name is a label, cleaned:", () => {
  test.each<[string, string | Buffer, string]>([
    ["a path", 'name="file"; filename="../../etc/passwd"', "passwd.png"],
    ["a path of Windows", 'name="file"; filename="C:\\x"', "x.png"],
    ["NUL", 'name="file"; filename="a\0b.png"', "ab.png"],
    ["5,000 characters", `name="file"; filename="${"a".repeat(5_000)}"`, `${"a".repeat(96)}.png`],
    [".htaccess", 'name="file"; filename=".htaccess"', "htaccess.png"],
    ["a device", 'name="file"; filename="con"', "_con.png"],
    ["turned direction", 'name="file"; filename="a\u202Egnp.exe"', "agnp.exe.png"],
    ["UTF-8", 'name="file"; filename="Café №5.png"', "Café №5.png"],
    ["an escaped quote", 'name="file"; filename="a\\"b.png"', "file.png"],
    ["two names", 'name="file"; filename="a.png"; filename*=UTF-8\'\'b.png', "a.png"],
    ["an extended name alone, which no browser sends", "name=\"file\"; filename*=UTF-8''%E2%82%AC.png", "€.png"],
    ["another field's name", 'name="picture"; filename="a.png"', "a.png"],
  ])("%s", async (_what, disposition, expected) => {
    expect((await uploads.uploaded(png, { disposition })).name).toBe(expected);
  });

  test("a line break in it ends the header: what is behind counts for nothing", async () => {
    const { name } = await uploads.uploaded(png, { disposition: 'name="file"; filename="a\r\nX-Evil: 1\r\nb.png"' });
    expect(name).toBe("a.png");
  });

  test("none: the file is unnamed", async () => {
    expect((await uploads.uploaded(png, { disposition: 'name="file"', type: "application/octet-stream" })).name).toBe("file.png");
  });
});

describe("what is of no kind that is taken is 415, whatever it says:", () => {
  const padded = (text: string) => Buffer.concat([Buffer.from(text, "latin1"), Buffer.alloc(300)]);

  test.each<[string, Buffer]>([
    ["HTML", Buffer.from(`<!doctype html>${SCRIPT}`)],
    ["a program", padded("MZ\x90\0\x03\0\0\0")],
    ["ZIP", padded("PK\x03\x04\x14\0")],
    ["PHP", Buffer.from("<?php system('id');")],
    ["SVG", Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><rect width="9" height="9"/></svg>')],
    ["SVG with a script", Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg">${SCRIPT}</svg>`)],
    ["SVG with an entity", Buffer.from('<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>')],
    ["HEIC", padded("\0\0\0\x18ftypheic\0\0\0\0mif1heic")],
    ["TIFF", padded("II*\0\x08\0\0\0")],
    ["BMP", padded("BM")],
    ["ICO", padded("\0\0\x01\0\x01\0")],
    ["a PDF behind 500 bytes of HTML", Buffer.concat([Buffer.from(`<html>${" ".repeat(494)}`), pdfOf()])],
  ])("%s", async (_what, content) => {
    expect(await uploads.refusal(form(filePart(content, { type: "image/png" })))).toBe("415 type_mismatch");
  });

  test("what says HTML and is an image is an image", async () => {
    expect((await uploads.uploaded(png, { type: "text/html" })).content_type).toBe("image/png");
  });
});

describe("a bad image is 422:", () => {
  test.each<[string, Buffer]>([
    ["PNG's first bytes and HTML", Buffer.from(`\x89PNG\r\n\x1a\n<html>${SCRIPT}`, "latin1")],
    ["a PNG that is cut off", png.subarray(0, -20)],
    ["a GIF that is a script", Buffer.from("GIF89a/*\0\0\0\0\0\0*/=1;alert(1)//", "latin1")],
    ["30,000 x 30,000 pixels", blackPng(30_000, 30_000)],
    ["5,001 x 5,001 pixels", blackPng(5_001, 5_001)],
  ])("%s", async (_what, content) => {
    expect(await uploads.refusal(form(filePart(content)))).toBe("422 bad_image");
  });
});

describe("an image comes out as pixels:", () => {
  test.each<[string, Buffer]>([
    ["with a script and a ZIP behind it", Buffer.concat([png, Buffer.from(`PK\x03\x04${SCRIPT}`)])],
    ["with a script in its text", blackPng(40, 30, { before: [chunk("tEXt", Buffer.from(`Description\0PK\x03\x04${SCRIPT}`))] })],
    [
      "with a colour profile of 100 MB",
      blackPng(40, 30, { before: [chunk("iCCP", Buffer.concat([Buffer.from("a\0\0"), deflateSync(Buffer.alloc(1e8))]))] }),
    ],
    ["of 2,000 frames", blackApng(40, 30, 2_000)],
  ])("%s", async (_what, content) => {
    const { upload_id, width, height } = await uploads.uploaded(content);
    expect({ width, height }).toEqual({ width: 40, height: 30 });
    const bytes = await uploads.bytesOf(upload_id);
    for (const gone of ["script", "PK\x03\x04", "iCCP", "acTL", "fdAT"]) expect(bytes.includes(gone)).toBe(false);
  });
});

describe("a PDF", () => {
  const pdf = (content: Buffer, filename = "report.pdf") =>
    [content, { disposition: `name="file"; filename="${filename}"`, type: "application/pdf" }] as const;

  test("is kept as it is, and served for saving alone", async () => {
    const upload = await uploads.uploaded(...pdf(pdfOf(), "Rechnung №5.pdf"));
    expect(upload).toMatchObject({ name: "Rechnung №5.pdf", content_type: "application/pdf", width: null, height: null });
    const { status, headers } = await uploads.api.call(`GET /uploads/${upload.upload_id}`, { user: ANN });
    expect({ status, ...headers }).toMatchObject({
      status: 200,
      "content-type": "application/pdf",
      "content-disposition": "attachment; filename=\"Rechnung ?5.pdf\"; filename*=UTF-8''Rechnung%20%E2%84%965.pdf",
      "content-security-policy": "sandbox; default-src 'none'",
      "x-content-type-options": "nosniff",
      "cross-origin-resource-policy": "same-origin",
      "cache-control": "private, no-cache",
      "content-length": String(pdfOf().length),
    });
    expect((await uploads.bytesOf(upload.upload_id)).equals(pdfOf())).toBe(true);
    expect((await uploads.api.call(`GET /uploads/${upload.upload_id}?size=thumbnail`, { user: ANN })).status).toBe(404);
  });

  test("with HTML inside is for saving too, whatever it is called", async () => {
    const { upload_id, name } = await uploads.uploaded(...pdf(Buffer.concat([pdfOf(), Buffer.from(`<html>${SCRIPT}`)]), "a.html"));
    expect(name).toBe("a.html.pdf");
    const { headers } = await uploads.api.call(`GET /uploads/${upload_id}`, { user: ANN });
    expect(headers).toMatchObject({ "content-type": "application/pdf", "content-disposition": "attachment; filename=a.html.pdf" });
  });

  const action = "<< /S /JavaScript /JS (app.alert(1)) >>";

  test.each<[string, Buffer, string]>([
    ["with a script at the opening", pdfOf({ catalog: `/OpenAction ${action}` }), "422 active_pdf"],
    ["with a script in an object stream", pdfOf({ objects: [packed(action)] }), "422 active_pdf"],
    ["that starts a program", pdfOf({ objects: ["<< /S /Launch /F (cmd.exe) >>"] }), "422 active_pdf"],
    ["that opens a website", pdfOf({ catalog: "/OpenAction << /S /URI /URI (https://example.com) >>" }), "422 active_pdf"],
    ["with a file inside", pdfOf({ catalog: "/Names << /EmbeddedFiles 4 0 R >>" }), "422 active_pdf"],
    ["with XFA", pdfOf({ catalog: "/AcroForm << /XFA 4 0 R >>" }), "422 active_pdf"],
    ["that is encrypted", pdfOf({ trailer: "/Encrypt << /Filter /Standard >>" }), "422 bad_pdf"],
    ["that is cut off", pdfOf().subarray(0, 100), "422 bad_pdf"],
    ["of a million objects", Buffer.concat([pdfOf(), Buffer.from("1 0 obj\n".repeat(1_000_000))]), "422 bad_pdf"],
    ["with an object stream of 32 MB", pdfOf({ objects: [packed(" ".repeat(32 * 1024 * 1024))] }), "422 bad_pdf"],
  ])("%s is refused", async (_what, content, expected) => {
    expect(await uploads.refusal(form(filePart(...pdf(content))))).toBe(expected);
  });

  test("with streams of 100 MB that nobody here opens is kept", async () => {
    await uploads.uploaded(...pdf(pdfOf({ objects: [stream("/Filter /FlateDecode", deflateSync(Buffer.alloc(1e8)))] })));
  });
});

describe("what is in a form beside the file", () => {
  test("is passed over: an address is not asked for anything", async () => {
    const { upload_id } = await uploads.uploaded(png);
    const body = form(
      fieldPart("url", "http://127.0.0.1:1/x.png"),
      filePart(png),
      fieldPart("upload_id", upload_id),
      fieldPart("user_id", "2"),
    );
    const { body: upload } = await uploads.send(body);
    expect(upload).toMatchObject({ name: "cat.png", conversation_id: uploads.conversationId });
    expect(Object(upload).upload_id).not.toBe(upload_id);
  });
});
