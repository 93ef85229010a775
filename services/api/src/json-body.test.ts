import { expect, test } from "vitest";
import { parseJsonBody } from "./json-body.ts";

test("an empty body is no body", () => {
  expect(parseJsonBody(" \n")).toBeUndefined();
});

test("plain JSON comes through as it is", () => {
  const text = '{"a":[1,-2.5e3,"x:\\"{"],"b":{"a":null,"c":true}}';
  expect(parseJsonBody(text)).toEqual(JSON.parse(text));
});

test.each([
  ["not JSON", "{a:1}"],
  ["a truncated body", '{"a":'],
  ["__proto__", '{"__proto__":{"admin":true}}'],
  ["__proto__ escaped", '{"\\u005f_proto__":{}}'],
  ["a key twice", '{"a":1,"b":{"a":1},"a":2}'],
  ["a key twice, once escaped", '{"a":1,"\\u0061":2}'],
  ["a number beyond a double", '{"a":1e400}'],
  ["a depth of 2,000", "[".repeat(2_000) + "]".repeat(2_000)],
])("%s is refused", (_what, text) => {
  expect(() => parseJsonBody(text)).toThrow(expect.objectContaining({ code: "bad_request" }));
});
