import { expect, test } from "vitest";
import {
  firstIdOfMs,
  ID_EPOCH_MS,
  idCreatedAt,
  idTimeMs,
  isRoomName,
  PARTITIONS,
  parseId,
  partitionOfId,
  partitionOfRoom,
  roomNumber,
  sessionRoom,
} from "./ids.ts";

test("an id holds its time and its partition", () => {
  const ms = Date.UTC(2026, 2, 14, 19, 30, 0, 123);
  const id = ((ms - ID_EPOCH_MS) * 64 + 5) * 64 + 42;
  expect(idTimeMs(id)).toBe(ms);
  expect(idCreatedAt(id)).toBe("2026-03-14T19:30:00.123Z");
  expect(partitionOfId(id)).toBe(42);
  expect(firstIdOfMs(ms)).toBeLessThanOrEqual(id);
  expect(firstIdOfMs(ms + 1)).toBeGreaterThan(id);
});

test("ids are safe integers until 2094", () => {
  expect(Number.isSafeInteger(firstIdOfMs(Date.UTC(2094, 0, 1)) - 1)).toBe(true);
});

test("the first millisecond of the id clock is the beginning of 2025", () => {
  expect(idCreatedAt(1)).toBe("2025-01-01T00:00:00.000Z");
});

test("a room and its siblings share a partition, and partitions are 0 to 63", () => {
  expect(PARTITIONS).toBe(64);
  expect(sessionRoom(42)).toBe("s42");
  expect(roomNumber("c99")).toBe(99);
  expect(partitionOfRoom("c99")).toBe(partitionOfRoom("n99"));
  expect([partitionOfRoom("s63"), partitionOfRoom("s64"), partitionOfRoom("s65")]).toEqual([63, 0, 1]);
});

test.each(["1", "42", "9007199254740991"])("%s is an id", (text) => {
  expect(parseId(text)).toBe(Number(text));
  expect(isRoomName(`s${text}`)).toBe(true);
});

test.each([
  "",
  "0",
  "-1",
  "+1",
  "01",
  "1e3",
  "1.0",
  " 1",
  "1 ",
  "1\n",
  "%31",
  "0x1",
  "१",
  "1_0",
  "../1",
  "9007199254740992",
  "9007199254740993",
  "1".repeat(1_000),
])("%j is no id", (text) => {
  expect(parseId(text)).toBeUndefined();
  expect(isRoomName(`s${text}`)).toBe(false);
});

test.each(["42", "x42", "S42", "s42 ", "{p07}:s42"])("%j is no room", (text) => {
  expect(isRoomName(text)).toBe(false);
});
