import type { OwnMessage, OwnStatus } from "@drawchat/client/outbox";
import type { ChatMessage } from "@drawchat/protocol/frames";
import { expect, test } from "vitest";
import { FOLLOWED_LINES_MAX, Timeline } from "./timeline.ts";

const ME = { userId: 2, username: "bob", profilePic: null, isHost: false };

function message(id: number, text: string, userId = 1): ChatMessage {
  const person = { user_id: userId, username: `user ${userId}`, profile_pic: null, is_winner: false, is_host: false };
  return { id, ...person, message: text, message_type: "text", likes: 0, created_at: "2026-01-01T20:00:00.000Z" };
}

function own(clientId: string, text: string, status: OwnStatus, more: { id?: number; skipped?: boolean } = {}): OwnMessage {
  return { clientId, text, createdAt: Date.UTC(2026, 0, 1, 20), status, ...more };
}

function seen(timeline: Timeline): string[] {
  return timeline.lines.map((line) => `${line.text}${line.mark ? ` (${line.mark})` : ""}`);
}

test("an own line stands last until the server has placed it, then in its place", () => {
  const timeline = new Timeline(ME);
  timeline.add(message(1, "one"));
  timeline.setOwn(own("a", "mine", { state: "pending" }));
  timeline.add(message(3, "three"));
  expect(seen(timeline)).toEqual(["one", "three", "mine (sending)"]);
  timeline.setOwn(own("a", "mine", { state: "accepted" }, { id: 2 }));
  expect(seen(timeline)).toEqual(["one", "mine (sent)", "three"]);
});

test("an own message is one line, whether the acknowledgement or the room comes first", () => {
  const ackFirst = new Timeline(ME);
  ackFirst.setOwn(own("a", "hi", { state: "pending" }));
  ackFirst.setOwn(own("a", "hi", { state: "accepted" }, { id: 5 }));
  ackFirst.add(message(5, "hi", ME.userId));
  expect(seen(ackFirst)).toEqual(["hi (sent)"]);

  const roomFirst = new Timeline(ME);
  roomFirst.setOwn(own("a", "hi", { state: "pending" }));
  roomFirst.add(message(5, "hi", ME.userId));
  expect(seen(roomFirst)).toEqual(["hi (sending)"]);
  roomFirst.setOwn(own("a", "hi", { state: "accepted" }, { id: 5 }));
  roomFirst.setOwn(own("a", "hi", { state: "stored" }, { id: 5 }));
  expect(seen(roomFirst)).toEqual(["hi (stored)"]);
});

test("an own line keeps its key from sending to stored", () => {
  const timeline = new Timeline(ME);
  const keys = new Set<string | undefined>();
  const note = () => keys.add(timeline.lines[0]?.key);
  timeline.setOwn(own("a", "hi", { state: "pending" }));
  note();
  timeline.add(message(5, "hi", ME.userId));
  note();
  timeline.setOwn(own("a", "hi", { state: "stored" }, { id: 5 }));
  note();
  expect([...keys]).toEqual(["a"]);
});

test("the same text from another tab of mine does not swallow a line", () => {
  const timeline = new Timeline(ME);
  timeline.setOwn(own("a", "hi", { state: "pending" }));
  timeline.add(message(5, "hi", ME.userId)); // of the other tab
  timeline.setOwn(own("a", "hi", { state: "accepted" }, { id: 6 }));
  timeline.add(message(6, "hi", ME.userId));
  expect(seen(timeline)).toEqual(["hi", "hi (sent)"]);
});

test("a message left out of the live flow stays as an own line", () => {
  const timeline = new Timeline(ME);
  timeline.setOwn(own("a", "mine", { state: "accepted" }, { id: 2, skipped: true }));
  timeline.add(message(3, "three"));
  timeline.setOwn(own("a", "mine", { state: "stored" }, { id: 2, skipped: true }));
  expect(seen(timeline)).toEqual(["mine (stored)", "three"]);
});

test("an own line that was left out says so, from its acknowledgement on", () => {
  const timeline = new Timeline(ME);
  timeline.add(message(1, "one"));
  timeline.setOwn(own("a", "mine", { state: "accepted" }, { id: 2, skipped: true }));
  expect(timeline.lines.map(({ isSkipped }) => isSkipped)).toEqual([false, true]);
  timeline.setOwn(own("a", "mine", { state: "stored" }, { id: 2, skipped: true }));
  timeline.add(message(3, "mine too", ME.userId));
  expect(timeline.lines.map(({ isSkipped }) => isSkipped)).toEqual([false, true, false]);
});

test("an own line that the room never brought stays, also where the answer to its repetition did not say why", () => {
  const timeline = new Timeline(ME);
  timeline.add(message(10, "one"));
  timeline.add(message(50, "five"));
  timeline.setOwn(own("a", "left out", { state: "stored" }, { id: 30 }));
  timeline.setOwn(own("b", "from before", { state: "stored" }, { id: 5 }));
  expect(seen(timeline)).toEqual(["one", "left out (stored)", "five"]);
});

test("lines of a hole that is filled late find their places around an own one that was left out", () => {
  const timeline = new Timeline(ME);
  timeline.add(message(1, "one"));
  timeline.setOwn(own("a", "mine", { state: "stored" }, { id: 4, skipped: true }));
  for (const id of [2, 3, 5]) timeline.add(message(id, `line ${id}`));
  expect(seen(timeline)).toEqual(["one", "line 2", "line 3", "mine (stored)", "line 5"]);
});

test("a reset forgets the room's lines and keeps unsettled own ones", () => {
  const timeline = new Timeline(ME);
  timeline.add(message(9, "old"));
  timeline.setOwn(own("a", "mine", { state: "pending" }));
  timeline.reset();
  timeline.add(message(4, "new"));
  expect(seen(timeline)).toEqual(["new", "mine (sending)"]);
});

test("a failed line stays until it is sent again or given up", () => {
  const timeline = new Timeline(ME);
  timeline.setOwn(own("a", "mine", { state: "failed", code: "rate_limited", retryable: true }));
  expect(seen(timeline)).toEqual(["mine (failed)"]);
  timeline.setOwn(own("a", "mine", { state: "pending" }));
  expect(seen(timeline)).toEqual(["mine (sending)"]);
  timeline.discard("a");
  expect(seen(timeline)).toEqual([]);
});

test("at the end of the room at most 100 lines are kept, the newest", () => {
  const timeline = new Timeline(ME);
  for (let id = 1; id <= 500; id += 1) timeline.add(message(id, `line ${id}`));
  expect(timeline.lines).toHaveLength(FOLLOWED_LINES_MAX);
  expect(timeline.lines[0]?.text).toBe("line 401");
});

test("likes, edits and deletes reach the line they name", () => {
  const timeline = new Timeline(ME);
  for (const id of [1, 2, 3]) timeline.add(message(id, `line ${id}`));
  timeline.setLikes({ 1: 7 });
  timeline.remove(2);
  timeline.replace(message(3, "better"));
  expect(timeline.lines.map((line) => [line.text, line.likes])).toEqual([
    ["line 1", 7],
    ["better", 0],
  ]);
});

test("a like count that comes before its message is kept for it", () => {
  const timeline = new Timeline(ME);
  timeline.setLikes({ 2: 4 });
  timeline.add(message(1, "a"));
  timeline.add(message(2, "b"));
  expect(timeline.lines.map((line) => line.likes)).toEqual([0, 4]);
});

test("lines of one person close together stand under one name", () => {
  const timeline = new Timeline(ME);
  timeline.add(message(1, "a", 1));
  timeline.add(message(2, "b", 1));
  timeline.add(message(3, "c", 3));
  expect(timeline.lines.map((line) => line.startsGroup)).toEqual([true, false, true]);
});

test("held lines stay, whatever comes; let go, the newest are shown", () => {
  const timeline = new Timeline(ME);
  for (let id = 1; id <= 80; id += 1) timeline.add(message(id, `line ${id}`));
  timeline.hold(true);
  for (let id = 81; id <= 1_000; id += 1) timeline.add(message(id, `line ${id}`));
  expect([timeline.lines[0]?.id, timeline.lines.at(-1)?.id, timeline.newLines, timeline.hasMore]).toEqual([1, 200, 920, true]);
  timeline.readOn();
  expect([timeline.lines[0]?.id, timeline.lines.at(-1)?.id, timeline.newLines, timeline.hasMore]).toEqual([801, 1_000, 920, false]);
  timeline.hold(false);
  expect([timeline.lines.length, timeline.lines.at(-1)?.id, timeline.newLines]).toEqual([FOLLOWED_LINES_MAX, 1_000, 0]);
});

test("an unchanged line is the same object again, a changed one is not", () => {
  const timeline = new Timeline(ME);
  timeline.add(message(1, "a"));
  timeline.add(message(2, "b"));
  const before = timeline.lines;
  timeline.add(message(3, "c"));
  timeline.setLikes({ 2: 1 });
  expect(timeline.lines.map((line, index) => line === before[index])).toEqual([true, false, false]);
});
