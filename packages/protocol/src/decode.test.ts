import { expect, test } from "vitest";
import { decodeFrame, decodeFrameV1 } from "./decode.ts";
import { MAX_FRAME_BYTES } from "./frames.ts";

const UUID = "0b7e6f0a-1d2c-4b3a-9e8f-7a6b5c4d3e2f";
const bytes = (text: string) => new TextEncoder().encode(text);

function decode(frame: unknown) {
  return decodeFrame(bytes(typeof frame === "string" ? frame : JSON.stringify(frame)));
}

function codesOf(text: string): string[] {
  return [decodeFrame(bytes(text)), decodeFrameV1(bytes(text))].map((decoded) => (decoded.ok ? "accepted" : decoded.code));
}

test("every frame of version 2 is understood", () => {
  const frames = [
    { type: "hello" },
    { type: "hello", since: { epoch: "e", id: 0 } },
    { type: "message", client_id: UUID, message: "hi" },
    { type: "message", client_id: UUID.toUpperCase(), message: "hi", resend: true },
    { type: "like" },
    { type: "like", message_id: Number.MAX_SAFE_INTEGER },
    { type: "resume", since: { epoch: "e", id: 7 } },
    { type: "auth", token: "a.b.c" },
    { type: "ping" },
  ];
  for (const frame of frames) expect(decode(frame)).toEqual({ ok: true, frame });
});

test("version 1 knows a message and a ping, nothing else", () => {
  expect(decodeFrameV1(bytes('{"type":"message","message":"hi"}'))).toEqual({ ok: true, frame: { type: "message", message: "hi" } });
  expect(decodeFrameV1(bytes('{"type":"ping"}'))).toEqual({ ok: true, frame: { type: "ping" } });
  for (const type of ["hello", "like", "resume", "auth"]) {
    expect(decodeFrameV1(bytes(`{"type":"${type}"}`))).toEqual({ ok: false, code: "unknown_type" });
  }
});

test("a frame of 4,096 bytes passes, one byte more is too large", () => {
  const frame = (size: number) => {
    const empty = `{"type":"message","client_id":"${UUID}","message":""}`;
    return empty.replace('""', `"${"x".repeat(size - empty.length)}"`);
  };
  expect(codesOf(frame(MAX_FRAME_BYTES))).toEqual(["accepted", "accepted"]);
  expect(codesOf(frame(MAX_FRAME_BYTES + 1))).toEqual(["too_large", "too_large"]);
});

test.each([
  "",
  " ",
  "null",
  "[]",
  '"x"',
  "1",
  "true",
  "hello",
  '\uFEFF{"type":"ping"}',
  '{"type":"ping"} x',
  '{"type":"ping"}{"type":"ping"}',
  '{"type":"ping","n":NaN}',
  "{'type':'ping'}",
  '{"type":"ping",}',
  '{"type":"ping"',
  '{"type":"pi\nng"}',
])("%j is no frame", (text) => {
  expect(codesOf(text)).toEqual(["bad_format", "bad_format"]);
});

test.each([
  [0xff, 0xfe],
  [0xc0, 0xaf], // overlong
  [0xed, 0xa0, 0x80], // a surrogate
  [0xe2, 0x82], // cut
])("bytes that are not UTF-8 are no frame", (...bad) => {
  const frame = Uint8Array.from([...bytes('{"type":"message","message":"'), ...bad, ...bytes('"}')]);
  expect(decodeFrameV1(frame)).toEqual({ ok: false, code: "bad_format" });
});

test("nesting beyond eight is refused before it is parsed; brackets in a text do not count", () => {
  const nested = (depth: number) => `{"type":"ping","x":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`;
  expect(codesOf(nested(8))).toEqual(["accepted", "accepted"]);
  expect(codesOf(nested(9))).toEqual(["bad_format", "bad_format"]);
  expect(codesOf("[".repeat(2_000))).toEqual(["bad_format", "bad_format"]);
  expect(codesOf(JSON.stringify({ type: "message", client_id: UUID, message: `\\"${"[{".repeat(100)}` }))).toEqual([
    "accepted",
    "accepted",
  ]);
});

test("keys of prototypes change nothing", () => {
  const decoded = decode(`{"type":"like","__proto__":{"message_id":7},"constructor":{"prototype":{"polluted":1}}}`);
  expect(decoded.ok && decoded.frame.type === "like" ? decoded.frame.message_id : "refused").toBeUndefined();
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(codesOf('{"__proto__":{"type":"ping"}}')).toEqual(["unknown_type", "unknown_type"]);
});

test("of a key given twice the last counts, and is what is checked", () => {
  expect(codesOf('{"type":"message","type":"ping"}')).toEqual(["accepted", "accepted"]);
  expect(codesOf('{"type":"ping","type":"message"}')).toEqual(["bad_message", "bad_message"]);
});

test.each(['{"type":"dance"}', '{"type":7}', '{"type":null}', '{"type":["ping"]}', "{}", `{"type":"${"x".repeat(4_000)}"}`])(
  "an unknown type, or none, is named as such",
  (text) => expect(codesOf(text)).toEqual(["unknown_type", "unknown_type"]),
);

test.each([undefined, null, 7, {}, ["hi"], true])("a message that is no text is refused under its client_id", (message) => {
  expect(decode({ type: "message", client_id: UUID, message })).toEqual({ ok: false, code: "bad_message", clientId: UUID });
  expect(decode({ type: "message", client_id: "x", message })).toEqual({ ok: false, code: "bad_message" });
  expect(decodeFrameV1(bytes(JSON.stringify({ type: "message", message })))).toEqual({ ok: false, code: "bad_message" });
});

test.each([undefined, null, 7, "", "x", `${UUID} `, UUID.replaceAll("-", ""), "x".repeat(3_000)])(
  "a client_id that is no UUID is refused and not repeated",
  (client_id) => expect(decode({ type: "message", client_id, message: "hi" })).toEqual({ ok: false, code: "bad_client_id" }),
);

test("another bad field of a message is not blamed on its client_id", () => {
  expect(decode({ type: "message", client_id: UUID, message: "hi", resend: "yes" })).toEqual({
    ok: false,
    code: "bad_format",
    clientId: UUID,
  });
});

test.each(['"7"', "1.5", "-1", "0", "9007199254740993", "1e300", "null", "[7]", "{}"])("a like of %s is a bad id", (id) => {
  expect(decode(`{"type":"like","message_id":${id}}`)).toEqual({ ok: false, code: "bad_id" });
});

test.each(['"x"', "7", "null", "{}", '{"epoch":"e","id":-1}', '{"epoch":"e","id":"7"}', '{"epoch":"e","id":1.5}', '{"epoch":7,"id":7}'])(
  "a position like %s is one that no room reaches",
  (since) => {
    const unreachable = { epoch: "", id: 0 };
    expect(decode(`{"type":"resume","since":${since}}`)).toEqual({ ok: true, frame: { type: "resume", since: unreachable } });
    expect(decode(`{"type":"hello","since":${since}}`)).toEqual({ ok: true, frame: { type: "hello", since: unreachable } });
  },
);

test.each([{ type: "resume" }, { type: "auth" }, { type: "auth", token: 7 }])("%j lacks what it needs", (frame) => {
  expect(decode(frame)).toEqual({ ok: false, code: "bad_format" });
});
