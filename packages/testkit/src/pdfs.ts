/** PDFs for tests, as small as they get: objects by number, a table of them, a trailer. */
import { deflateSync } from "node:zlib";

export interface PdfParts {
  /** Of the catalog, beside its pages. */
  catalog?: string;
  /** Bodies of further objects, from number 4 on. */
  objects?: readonly (string | Buffer)[];
  trailer?: string;
}

export function pdfOf({ catalog = "", objects = [], trailer = "" }: PdfParts = {}): Buffer {
  const bodies = [
    `<< /Type /Catalog /Pages 2 0 R ${catalog} >>`,
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>",
    ...objects,
  ];
  const written = bodies.map((body, i) => Buffer.concat([latin1(`${i + 1} 0 obj\n`), latin1(body), latin1("\nendobj\n")]));
  const start = latin1("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n");
  let at = start.length;
  const table = written.map((bytes) => {
    const line = `${String(at).padStart(10, "0")} 00000 n \n`;
    at += bytes.length;
    return line;
  });
  const size = bodies.length + 1;
  const end = `xref\n0 ${size}\n0000000000 65535 f \n${table.join("")}trailer\n<< /Size ${size} /Root 1 0 R ${trailer} >>\nstartxref\n${at}\n%%EOF\n`;
  return Buffer.concat([start, ...written, latin1(end)]);
}

/** An object stream that holds one object. */
export function packed(body: string, { number = 90, keys = "/Type /ObjStm", deflate = deflateSync }: Packing = {}): Buffer {
  const header = `${number} 0 `;
  const data = deflate(latin1(header + body));
  return stream(`${keys} /N 1 /First ${header.length} /Filter /FlateDecode`, data);
}

interface Packing {
  number?: number;
  keys?: string;
  deflate?: (bytes: Buffer) => Buffer;
}

export function stream(keys: string, data: Buffer): Buffer {
  return Buffer.concat([latin1(`<< ${keys} /Length ${data.length} >>\nstream\n`), data, latin1("\nendstream")]);
}

function latin1(text: string | Buffer): Buffer {
  return typeof text === "string" ? Buffer.from(text, "latin1") : text;
}
