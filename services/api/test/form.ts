/** For tests: forms as clients send them, and as they should not. */

export const BOUNDARY = "----drawchat";
export const FORM_TYPE = `multipart/form-data; boundary=${BOUNDARY}`;

type Bytes = string | Buffer;
const bytesOf = (part: Bytes) => (typeof part === "string" ? Buffer.from(part) : part);

/** A whole form of these parts. */
export function form(...parts: readonly Bytes[]): Buffer {
  const framed = parts.flatMap((part) => [`--${BOUNDARY}\r\n`, part, "\r\n"]);
  return Buffer.concat([...framed, `--${BOUNDARY}--\r\n`].map(bytesOf));
}

export interface FilePart {
  /** As it stands in the header; default `name="file"; filename="cat.png"`. */
  disposition?: Bytes;
  /** What the client says that it is. */
  type?: string;
}

export function filePart(content: Bytes, { disposition = 'name="file"; filename="cat.png"', type = "image/png" }: FilePart = {}): Buffer {
  return Buffer.concat(["Content-Disposition: form-data; ", disposition, `\r\nContent-Type: ${type}\r\n\r\n`, content].map(bytesOf));
}

export function fieldPart(name: string, value: string): string {
  return `Content-Disposition: form-data; name="${name}"\r\n\r\n${value}`;
}
