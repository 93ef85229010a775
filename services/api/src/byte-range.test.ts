import { expect, test } from "vitest";
import { readByteRange } from "./byte-range.ts";

test.each([
  ["bytes=0-", { start: 0, end: 99 }],
  ["bytes=0-0", { start: 0, end: 0 }],
  ["bytes=10-19", { start: 10, end: 19 }],
  ["bytes=90-1000", { start: 90, end: 99 }],
  ["bytes=-10", { start: 90, end: 99 }],
  ["bytes=-1000", { start: 0, end: 99 }],
  ["Bytes= 5-6 ", { start: 5, end: 6 }],
])("%s of 100 bytes is a part", (header, expected) => {
  expect(readByteRange(header, 100)).toEqual(expected);
});

test.each(["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=0-,0-", "bytes=0-0,2-3", `bytes=${"0-,".repeat(1_000)}0-`])(
  "%s of 100 bytes cannot be served",
  (header) => {
    expect(readByteRange(header, 100)).toBe("unsatisfiable");
  },
);

test.each([undefined, "", "lines=0-1", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-4", "bytes=1", "0-5"])(
  "%s asks for no part",
  (header) => {
    expect(readByteRange(header, 100)).toBeUndefined();
  },
);
