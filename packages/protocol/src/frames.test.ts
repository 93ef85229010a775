import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import * as frames from "./frames.ts";

/**
 * Clients that exist rest on these schemas. Where this fails: is the change one that an old client passes over (a new
 * optional field, a new frame that only answers a new one)? Then put the new hash here, in the commit that changes
 * frames.ts. Anything else (a field renamed, removed, narrowed, newly required) is a new version of the wire.
 */
const WIRE_SCHEMA = "693fba80eded987f";

test("the wire schemas are the ones that clients know", () => {
  const schemas = Object.entries(frames)
    .filter(([, value]) => typeof value === "object")
    .sort(([a], [b]) => (a < b ? -1 : 1));
  expect(schemas.map(([name]) => name)).toContain("NewMessageEvent");
  expect(createHash("sha256").update(JSON.stringify(schemas)).digest("hex").slice(0, 16)).toBe(WIRE_SCHEMA);
});

test("the limits are the documented ones", () => {
  const { MAX_FRAME_BYTES, MAX_MESSAGE_CHARS, MAX_MESSAGE_BYTES, V2_SUBPROTOCOL } = frames;
  expect([MAX_FRAME_BYTES, MAX_MESSAGE_CHARS, MAX_MESSAGE_BYTES, V2_SUBPROTOCOL]).toEqual([4_096, 500, 2_000, "drawchat.v2"]);
});

test("an event's place is its own id, a message's is that of the message", () => {
  const message = {
    id: 9,
    user_id: 1,
    username: "ann",
    profile_pic: null,
    message: "hi",
    message_type: "text",
    likes: 0,
    created_at: "2026-01-01T00:00:00.000Z",
    is_winner: false,
    is_host: false,
  };
  expect(frames.eventId({ type: "new_message", message })).toBe(9);
  expect(frames.eventId({ type: "edit", id: 12, message })).toBe(12);
  expect(frames.eventId({ type: "delete", id: 11, message_id: 9 })).toBe(11);
});
