import { deflateSync } from "node:zlib";
import { ClientError } from "@drawchat/protocol/errors";
import { type PdfParts, packed, pdfOf, stream } from "@drawchat/testkit/pdfs";
import { describe, expect, test } from "vitest";
import { expectHarmlessPdf } from "./pdf.ts";
import { scanPdf } from "./pdf-scan.ts";

function verdictOf(bytes: Buffer): string {
  try {
    scanPdf(bytes);
    return "fine";
  } catch (error) {
    if (error instanceof ClientError) return error.code;
    throw error;
  }
}

const SCRIPT = "<< /S /JavaScript /JS (app.alert(1)) >>";
const WEBSITE = "<< /S /URI /URI (https://example.com) >>";

describe("a PDF that is fine", () => {
  test.each<[string, PdfParts]>([
    ["with a page and nothing else", {}],
    ["with a link to a page about /JavaScript", { objects: ["<< /S /URI /URI (https://example.com/docs/JavaScript \\) /Launch) >>"] }],
    ["that names a page to begin with", { catalog: "/OpenAction [3 0 R /XYZ null null 0]" }],
    ["that goes to a page at its beginning", { catalog: "/OpenAction 4 0 R", objects: ["<< /S /GoTo /D [3 0 R /Fit] >>"] }],
    ["the same, with its action in an object stream", { catalog: "/OpenAction 90 0 R", objects: [packed("<< /S /GoTo /D [3 0 R] >>")] }],
    ["with a form that only takes text", { catalog: "/AcroForm << /Fields [4 0 R] >>", objects: ["<< /FT /Tx /T (name) >>"] }],
    ["with a stream whose bytes are text", { objects: [stream("", Buffer.from("BT (a /JavaScript b) Tj ET"))] }],
    ["with a comment about scripts", { objects: ["<< % /JavaScript\n /Type /Font >>"] }],
    ["with names that only begin like it", { objects: ["<< /JavaScripts 1 /JSX 2 /Launcher 3 >>"] }],
    ["with objects in an object stream", { objects: [packed("<< /Type /Font /BaseFont /Helvetica >>")] }],
  ])("%s", (_what, parts) => {
    expect(verdictOf(pdfOf(parts))).toBe("fine");
  });
});

describe("a PDF that acts by itself is refused:", () => {
  test.each<[string, PdfParts]>([
    ["a script at the opening", { catalog: `/OpenAction ${SCRIPT}` }],
    ["a script by reference", { catalog: "/OpenAction 4 0 R", objects: [SCRIPT] }],
    ["a script among the document's", { catalog: "/Names << /JavaScript << /Names [(a) 4 0 R] >> >>", objects: [SCRIPT] }],
    ["a script of a field", { objects: ["<< /FT /Tx /AA << /K << /S /JavaScript /JS (x) >> >> >>"] }],
    ["a name written with escapes", { objects: ["<< /S /J#61vaScript /J#53 (x) >>"] }],
    ["a comment between key and value", { objects: ["<< /S%(\n/JavaScript >>"] }],
    ["a website at the opening", { catalog: `/OpenAction ${WEBSITE}` }],
    ["a website at the opening, by reference", { catalog: "/OpenAction 4 0 R", objects: [WEBSITE] }],
    ["an opening action that is nowhere", { catalog: "/OpenAction 77 0 R" }],
    ["an opening action of two meanings", { catalog: "/OpenAction 90 0 R", objects: [packed("[3 0 R /Fit]"), packed(WEBSITE)] }],
    ["a program", { objects: ["<< /Type /Annot /A << /S /Launch /F (cmd.exe) >> >>"] }],
    ["a file inside", { catalog: "/Names << /EmbeddedFiles << /Names [(a) 4 0 R] >> >>", objects: ["<< /EF << /F 5 0 R >> >>"] }],
    ["a file of an annotation", { objects: ["<< /Subtype /FileAttachment /FS 5 0 R >>"] }],
    ["a form of XFA", { catalog: "/AcroForm << /XFA 4 0 R >>" }],
    ["a form that is sent", { objects: ["<< /S /SubmitForm /F (https://example.com) >>"] }],
    ["a file of another machine", { objects: ["<< /S /GoToR /F (\\\\\\\\host\\\\share) /D [0 /Fit] >>"] }],
    ["a film", { objects: ["<< /Subtype /RichMedia >>"] }],
    ["a script in an object stream", { objects: [packed(SCRIPT)] }],
    ["the same, in one that does not say what it is", { objects: [packed(SCRIPT, { keys: "" })] }],
    ["a script in the bytes of a stream, where a table may point", { objects: [stream("", Buffer.from(`9 0 obj ${SCRIPT} endobj`))] }],
    ["a script in a string, where a table may point", { objects: [`(9 0 obj ${SCRIPT} endobj)`] }],
    ["a script behind the end", { trailer: ">>\nstartxref\n0\n%%EOF\n5 0 obj << /S /JavaScript /JS (x) >> endobj\ntrailer <<" }],
  ])("%s", (_what, parts) => {
    expect(verdictOf(pdfOf(parts))).toBe("active_pdf");
  });
});

describe("a PDF that cannot be looked into is refused:", () => {
  test.each<[string, Buffer]>([
    ["encrypted", pdfOf({ trailer: "/Encrypt 4 0 R /ID [<00> <00>]", objects: ["<< /Filter /Standard /V 1 >>"] })],
    ["cut off", pdfOf().subarray(0, 150)],
    ["a beginning and no objects", Buffer.from("%PDF-1.7\nstartxref\n0\n%%EOF")],
    ["an object stream packed in a way of its own", pdfOf({ objects: [stream("/N 1 /First 4 /Filter /LZWDecode", Buffer.from("abc"))] })],
    ["the same, twice", pdfOf({ objects: [stream("/N 1 /First 4 /Filter [/FlateDecode /FlateDecode]", Buffer.from("abc"))] })],
    ["the same, by reference", pdfOf({ objects: [stream("/N 1 /First 4 /Filter 7 0 R", Buffer.from("abc"))] })],
    ["an object stream that is none", pdfOf({ objects: [stream("/N 1 /First 4 /Filter /FlateDecode", Buffer.from("abc"))] })],
    ["an object stream that is cut off", pdfOf({ objects: [packed(SCRIPT, { deflate: (bytes) => deflateSync(bytes).subarray(0, -6) })] })],
    ["more objects than any has", Buffer.concat([pdfOf(), Buffer.from("1 0 obj\n".repeat(250_001))])],
    ["an object stream of 32 MB in 32 KB", pdfOf({ objects: [packed(" ".repeat(32 * 1024 * 1024))] })],
    ["many object streams of 15 MB", pdfOf({ objects: Array.from({ length: 5 }, () => packed(" ".repeat(15 * 1024 * 1024))) })],
  ])("%s", (_what, bytes) => {
    expect(verdictOf(bytes)).toBe("bad_pdf");
  });
});

test("what is not an object stream is never inflated: 100 MB in it are of no account", () => {
  expect(verdictOf(pdfOf({ objects: [stream("/Filter /FlateDecode", deflateSync(Buffer.alloc(100_000_000)))] }))).toBe("fine");
});

describe("in a thread of its own", () => {
  test("a PDF passes or is refused with its code", async () => {
    await expectHarmlessPdf(pdfOf());
    await expect(expectHarmlessPdf(pdfOf({ objects: [SCRIPT] }))).rejects.toMatchObject({ code: "active_pdf" });
    await expect(expectHarmlessPdf(pdfOf().subarray(0, 100))).rejects.toMatchObject({ code: "bad_pdf" });
  });

  test("one that would take minutes is refused when its time is over", async () => {
    // Every `obj` begins a string that does not end: each is read to the end of the file.
    const slow = Buffer.concat([pdfOf(), Buffer.from("obj(".repeat(200_000))]);
    await expect(expectHarmlessPdf(slow, { maxMs: 500 })).rejects.toMatchObject({ code: "bad_pdf" });
  });
});
