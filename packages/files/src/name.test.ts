import { expect, test } from "vitest";
import { sniffKind } from "./kind.ts";
import { cleanFileName } from "./name.ts";

const pdf = await sniffKind(Buffer.from("%PDF-1.7\n"));
const jpeg = await sniffKind(Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16]));
if (pdf === undefined || jpeg === undefined) throw new Error("kinds are not known");

test.each([
  ["report.pdf", "report.pdf"],
  ["Report.PDF", "Report.PDF"],
  ["report", "report.pdf"],
  ["invoice.exe", "invoice.exe.pdf"],
  ["../../etc/passwd", "passwd.pdf"],
  ["C:\\x", "x.pdf"],
  ["C:\\Users\\ann\\report.pdf", "report.pdf"],
  ["a\0b.pdf", "ab.pdf"],
  ["a\r\nSet-Cookie: x=1\r\n.pdf", "aSet-Cookie_ x=1.pdf"],
  [".htaccess", "htaccess.pdf"],
  ["con", "_con.pdf"],
  ["NUL.pdf", "_NUL.pdf"],
  ["invoice\u202Efdp.exe", "invoicefdp.exe.pdf"],
  ["zero\u200Bwidth.pdf", "zerowidth.pdf"],
  ['a"b.pdf', "file.pdf"],
  ["..", "file.pdf"],
  [".pdf", "pdf.pdf"],
  ["", "file.pdf"],
  [undefined, "file.pdf"],
  ["\ud800.pdf", "pdf.pdf"],
  ["<script>alert(1)</script>", "script_.pdf"],
  ["счёт №5.pdf", "счёт №5.pdf"],
  ["👩‍👩‍👧.pdf", "👩👩👧.pdf"],
])("%j becomes %j", (raw, expected) => {
  expect(cleanFileName(raw, pdf)).toBe(expected);
});

test("5,000 characters become 100, the extension among them", () => {
  const name = cleanFileName(`${"é".repeat(5_000)}.pdf`, pdf);
  expect([...name]).toHaveLength(100);
  expect(name.endsWith("é.pdf")).toBe(true);
});

test("each of a kind's extensions is good", () => {
  expect(cleanFileName("a.jpg", jpeg)).toBe("a.jpg");
  expect(cleanFileName("a.JPEG", jpeg)).toBe("a.JPEG");
  expect(cleanFileName("a.png", jpeg)).toBe("a.png.jpg");
});
