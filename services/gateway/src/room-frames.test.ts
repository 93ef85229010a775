import { expect, test } from "vitest";
import { ackFrame, batchFrame, errorFrame, rejectedFrame, resetFrame, storedFrame, tipFrame, withPage } from "./room-frames.ts";

const CLIENT_ID = "6f2a7a52-0f0e-4bb8-9d2b-0c7a52f00001";
const PAGE = { after: 3, upto: 5, bodies: [Buffer.from('{"id":4}'), Buffer.from('{"id":5}')], skipped: 0 };
const EMPTY = { ...PAGE, bodies: [] };

test("frames about a session name no room", () => {
  expect(batchFrame("s42", PAGE).toString()).toBe('{"type":"batch","after":3,"upto":5,"events":[{"id":4},{"id":5}]}');
  expect(resetFrame("s42", "e", PAGE)).toBe('{"type":"reset","epoch":"e","events":[{"id":4},{"id":5}],"upto":5}');
  expect(tipFrame("s42", 5)).toBe('{"type":"tip","upto":5}');
  expect(storedFrame("s42", 5)).toBe('{"type":"stored","upto":5}');
  expect(ackFrame("s42", CLIENT_ID, { kind: "duplicate", id: 5 })).toBe(
    `{"type":"ack","client_id":"${CLIENT_ID}","id":5,"duplicate":true}`,
  );
  expect(rejectedFrame("s42", CLIENT_ID, "not_stored")).toBe(`{"type":"rejected","client_id":"${CLIENT_ID}","code":"not_stored"}`);
  expect(errorFrame("busy", { room: "s42", clientId: CLIENT_ID })).toBe(
    `{"type":"error","code":"busy","message":"The server is catching up; try again.","client_id":"${CLIENT_ID}"}`,
  );
});

test("frames about a conversation or its notes name it behind the type", () => {
  const beginnings = [
    batchFrame("c99", EMPTY).toString(),
    resetFrame("n99", "e", EMPTY),
    tipFrame("c99", 5),
    storedFrame("n99", 5),
    ackFrame("c99", CLIENT_ID, { kind: "accepted", id: 5 }),
    rejectedFrame("c99", CLIENT_ID, "not_stored"),
    errorFrame("busy", { room: "c99" }),
  ].map((frame) => frame.slice(0, frame.indexOf(",", frame.indexOf('"room"'))));
  expect(beginnings).toEqual([
    '{"type":"batch","room":"c99"',
    '{"type":"reset","room":"n99"',
    '{"type":"tip","room":"c99"',
    '{"type":"stored","room":"n99"',
    '{"type":"ack","room":"c99"',
    '{"type":"rejected","room":"c99"',
    '{"type":"error","room":"c99"',
  ]);
});

test("an error about nothing in particular says its code and sentence", () => {
  expect(errorFrame("bad_format", {})).toBe('{"type":"error","code":"bad_format","message":"The frame is not valid."}');
});

test("a page stands at the end of its frame", () => {
  expect(withPage({ type: "welcome", epoch: "e" }, PAGE)).toBe('{"type":"welcome","epoch":"e","events":[{"id":4},{"id":5}],"upto":5}');
});

test("a batch frame may hold nothing but an end", () => {
  expect(batchFrame("s42", EMPTY).toString()).toBe('{"type":"batch","after":3,"upto":5,"events":[]}');
});

test("what is not shown live is counted before the end, and nothing is said of it where there is none", () => {
  const skipping = { ...PAGE, skipped: 7 };
  expect(batchFrame("s42", skipping).toString()).toBe('{"type":"batch","after":3,"upto":5,"skipped":7,"events":[{"id":4},{"id":5}]}');
  expect(resetFrame("s42", "e", skipping)).toBe('{"type":"reset","epoch":"e","events":[{"id":4},{"id":5}],"skipped":7,"upto":5}');
  expect(withPage({ type: "welcome" }, skipping)).toBe('{"type":"welcome","events":[{"id":4},{"id":5}],"skipped":7,"upto":5}');
  expect(ackFrame("s42", CLIENT_ID, { kind: "accepted", id: 5, isSkipped: true })).toBe(
    `{"type":"ack","client_id":"${CLIENT_ID}","id":5,"skipped":true}`,
  );
});
