import type { BatchFrame, RoomEvent } from "@drawchat/protocol/frames";
import { expect, test } from "vitest";
import { RoomSequence, type Taken } from "./room-sequence.ts";

function line(id: number): RoomEvent {
  const message = { id, user_id: 1, username: "ann", profile_pic: null, message: `line ${id}`, message_type: "text", likes: 0 };
  return { type: "new_message", message: { ...message, created_at: "2026-01-01T00:00:00.000Z", is_winner: false, is_host: false } };
}

function batch(after: number, ...ids: number[]): BatchFrame {
  return { type: "batch", after, upto: ids.at(-1) ?? after, events: ids.map(line) };
}

function idsOf(taken: Taken<RoomEvent>): number[] {
  return taken.events.map((event) => (event.type === "new_message" ? event.message.id : event.id));
}

function at(upto: number): RoomSequence<RoomEvent> {
  const sequence = new RoomSequence<RoomEvent>();
  sequence.restart({ epoch: "e1", events: [line(upto)], upto });
  return sequence;
}

test("a batch that continues at the position is taken", () => {
  const sequence = at(10);
  expect(idsOf(sequence.take(batch(10, 11, 12), 0))).toEqual([11, 12]);
  expect(sequence.position).toEqual({ epoch: "e1", id: 12 });
});

test("a repeated batch brings nothing", () => {
  const sequence = at(10);
  sequence.take(batch(10, 11, 12), 0);
  expect(idsOf(sequence.take(batch(10, 11, 12), 0))).toEqual([]);
});

test("an overlapping batch brings only what is new", () => {
  const sequence = at(11);
  expect(idsOf(sequence.take(batch(10, 11, 12), 0))).toEqual([12]);
});

test("a batch of counters only moves the position", () => {
  const sequence = at(10);
  sequence.take({ after: 10, upto: 14, events: [] }, 0);
  expect(sequence.position?.id).toBe(14);
});

test("a batch behind a hole waits and follows once the hole is filled", () => {
  const sequence = at(10);
  expect(idsOf(sequence.take(batch(12, 13), 500))).toEqual([]);
  expect(sequence.askAt).toBe(500);
  sequence.noteAsked(500);
  expect(idsOf(sequence.take(batch(14, 15), 510))).toEqual([]);
  expect(idsOf(sequence.take(batch(10, 11, 12), 520))).toEqual([11, 12, 13]);
  expect(idsOf(sequence.take(batch(13, 14), 530))).toEqual([14, 15]);
  expect(sequence.askAt).toBe(undefined);
});

test("an unanswered resume is asked again after 5 s, and not while its pages come", () => {
  const sequence = at(10);
  sequence.take(batch(20, 21), 0);
  sequence.noteAsked(0);
  expect(sequence.askAt).toBe(5_000);
  sequence.take(batch(10, 11), 3_000);
  expect(sequence.askAt).toBe(8_000);
});

test("a tip above the position is a hole after one second, and none once the events came", () => {
  const sequence = at(10);
  sequence.noteTip(12, 100);
  expect(sequence.askAt).toBe(1_100);
  sequence.take(batch(10, 11, 12), 200);
  expect(sequence.askAt).toBe(undefined);
  sequence.noteTip(12, 300);
  expect(sequence.askAt).toBe(undefined);
});

test("events in a frame that do not rise are left out", () => {
  const sequence = at(10);
  expect(idsOf(sequence.take({ after: 10, upto: 14, events: [line(11), line(14), line(13), line(14)] }, 0))).toEqual([11, 14]);
});

test("a reset takes a lower position than before", () => {
  const sequence = at(50);
  expect(idsOf(sequence.restart({ epoch: "e2", events: [line(7), line(8)], upto: 8 }))).toEqual([7, 8]);
  expect(sequence.position).toEqual({ epoch: "e2", id: 8 });
  expect(idsOf(sequence.take(batch(8, 9), 0))).toEqual([9]);
});

test("a recovering welcome goes on behind the position and in the batches after it", () => {
  const sequence = at(10);
  expect(idsOf(sequence.recover({ epoch: "e1", events: [line(10), line(11)], upto: 11 }))).toEqual([11]);
  expect(idsOf(sequence.take(batch(11, 12), 0))).toEqual([12]);
});

test("at most 64 batches wait behind a hole", () => {
  const sequence = at(10);
  for (let i = 0; i < 100; i += 1) sequence.take(batch(20 + i, 21 + i), 0);
  expect(idsOf(sequence.take(batch(10, 20), 0))).toHaveLength(65);
  expect(sequence.position?.id).toBe(84);
});

test("events of an unknown kind are passed over", () => {
  const sequence = at(10);
  const unknown: RoomEvent = JSON.parse('{"type":"sparkle","id":11}');
  expect(idsOf(sequence.take({ after: 10, upto: 12, events: [unknown, line(12)] }, 0))).toEqual([12]);
});

test("what the server left out is counted once: in batches, in a welcome, and over a hole", () => {
  const sequence = at(10);
  expect(sequence.take({ after: 10, upto: 14, events: [], skipped: 4 }, 0).skipped).toBe(4);
  expect(sequence.take({ ...batch(20, 22), upto: 24, skipped: 3 }, 0)).toEqual({ events: [], skipped: 0 });
  // The pages of the resume pass the batch that waits: what it skipped is in them.
  expect(sequence.take({ ...batch(14, 15), upto: 21, skipped: 5 }, 0).skipped).toBe(5);
  expect(sequence.take({ ...batch(21, 22), upto: 24, skipped: 2 }, 0)).toMatchObject({ skipped: 2 });
  expect(sequence.askAt).toBe(undefined);
  expect(sequence.recover({ epoch: "e1", events: [line(25)], upto: 30, skipped: 5 }).skipped).toBe(5);
});
