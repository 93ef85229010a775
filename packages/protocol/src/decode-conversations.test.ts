import { expect, test } from "vitest";
import { MAX_CONVERSATION_FRAME_BYTES } from "./conversations.ts";
import { decodeConversationFrame } from "./decode-conversations.ts";

const UUID = "0b7e6f0a-1d2c-4b3a-9e8f-7a6b5c4d3e2f";
const since = { epoch: "e", id: 7 };

function decode(frame: unknown) {
  return decodeConversationFrame(new TextEncoder().encode(typeof frame === "string" ? frame : JSON.stringify(frame)));
}

function codeOf(frame: unknown): string {
  const decoded = decode(frame);
  return decoded.ok ? "accepted" : decoded.code;
}

test("every frame is understood", () => {
  const frames = [
    { type: "hello" },
    { type: "join", room: "c99" },
    { type: "join", room: "n99", since },
    { type: "leave", room: "c99" },
    { type: "message", room: "c99", client_id: UUID, message: "hi" },
    { type: "message", room: "c99", client_id: UUID.toUpperCase(), message: "", upload_id: UUID, if_last_id: 0, resend: true },
    { type: "read", room: "c99", upto: Number.MAX_SAFE_INTEGER },
    { type: "typing", room: "c99", is_typing: false },
    { type: "presence", state: "away" },
    { type: "resume", room: "c9007199254740991", since },
    { type: "auth", token: "a.b.c" },
    { type: "ping" },
  ];
  for (const frame of frames) expect(decode(frame)).toEqual({ ok: true, frame });
});

test.each(["like", "session", "dance", "__proto__", 7, null, undefined])("the type %j is not known", (type) => {
  expect(codeOf({ type, room: "c99" })).toBe("unknown_type");
});

test.each([
  "s42",
  "c0",
  "c01",
  "c-1",
  "c1.5",
  "x9",
  "c",
  "C9",
  "c9007199254740993",
  `c${"1".repeat(1_000)}`,
  "c9 ",
  9,
  null,
  {},
  undefined,
])("%j is no room of a conversation", (room) => {
  for (const frame of [
    { type: "join" },
    { type: "leave" },
    { type: "read", upto: 7 },
    { type: "typing", is_typing: true },
    { type: "resume", since },
  ])
    expect(decode({ ...frame, room })).toEqual({ ok: false, code: "bad_id" });
  const message = { type: "message", room, client_id: UUID, message: "hi" };
  expect(decode(message)).toEqual({ ok: false, code: "bad_id", clientId: UUID });
});

test.each<[string, object]>([
  ["bad_message", { message: undefined }],
  ["bad_message", { message: 7 }],
  ["bad_message", { message: ["hi"], client_id: "x" }],
  ["bad_client_id", { client_id: undefined }],
  ["bad_client_id", { client_id: "x".repeat(3_000) }],
  ["bad_attachment", { upload_id: "7" }],
  ["bad_attachment", { upload_id: null }],
  ["bad_id", { if_last_id: -1 }],
  ["bad_id", { if_last_id: "7" }],
  ["bad_id", { if_last_id: 2 ** 53 }],
  ["bad_format", { resend: "yes" }],
])("%s answers a message with %j, under its room and client_id where they are readable", (code, change) => {
  const frame = { type: "message", room: "c99", client_id: UUID, message: "hi", ...change };
  const sender = frame.client_id === UUID ? { clientId: UUID } : {};
  expect(decode(frame)).toEqual({ ok: false, code, room: "c99", ...sender });
});

test.each<[string, object]>([
  ["bad_id", { type: "read", room: "c99" }],
  ["bad_id", { type: "read", room: "c99", upto: 0 }],
  ["bad_id", { type: "read", room: "c99", upto: "7" }],
  ["bad_id", { type: "read", room: "c99", upto: 2 ** 53 }],
  ["bad_format", { type: "typing", room: "c99" }],
  ["bad_format", { type: "typing", room: "c99", is_typing: "yes" }],
  ["bad_format", { type: "presence", state: "offline" }],
  ["bad_format", { type: "presence" }],
  ["bad_format", { type: "auth", token: "x".repeat(4_097) }],
  ["bad_format", { type: "resume", room: "c99" }],
])("%s answers %j", (code, frame) => expect(codeOf(frame)).toBe(code));

test.each([{ epoch: "e", id: -1 }, { epoch: "e", id: "7" }, { epoch: 7, id: 7 }, "c99", 7, null])(
  "the place %j is out of reach",
  (place) => {
    for (const type of ["join", "resume"])
      expect(decode({ type, room: "c99", since: place })).toEqual({ ok: true, frame: { type, room: "c99", since: { epoch: "", id: 0 } } });
  },
);

test("a frame of 8,192 bytes passes, one byte more is too large", () => {
  const frame = (size: number) => {
    const empty = `{"type":"message","room":"c99","client_id":"${UUID}","message":""}`;
    return empty.replace('""', `"${"x".repeat(size - empty.length)}"`);
  };
  expect(codeOf(frame(MAX_CONVERSATION_FRAME_BYTES))).toBe("accepted");
  expect(codeOf(frame(MAX_CONVERSATION_FRAME_BYTES + 1))).toBe("too_large");
});

test.each(["", "null", "[]", '"x"', "hello", `{"type":"hello","x":${"[".repeat(9)}${"]".repeat(9)}}`])("%s is of bad form", (text) => {
  expect(codeOf(text)).toBe("bad_format");
});

test("fields that nobody asked for change nothing", () => {
  const decoded = decode('{"type":"ping","__proto__":{"type":"hello"},"user_id":7}');
  expect(decoded).toMatchObject({ ok: true, frame: { type: "ping" } });
  expect(Object.keys(Object.prototype)).toEqual([]);
});
