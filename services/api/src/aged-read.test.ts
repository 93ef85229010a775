import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { AgedRead } from "./aged-read.ts";

let reads = 0;
let failure: Error | undefined;
const read = async () => {
  reads += 1;
  if (failure !== undefined) throw failure;
  return reads;
};

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
  reads = 0;
  failure = undefined;
});
afterEach(() => {
  vi.useRealTimers();
});

test("all who ask at once share one read, and its value serves on", async () => {
  const aged = new AgedRead({ read, maxAgeMs: 1_000 });
  expect(await Promise.all([aged.get(), aged.get(), aged.get()])).toEqual([1, 1, 1]);
  vi.advanceTimersByTime(499);
  expect(await aged.get()).toBe(1);
  expect(reads).toBe(1);
});

test("from half its age on it is read behind the reader's back", async () => {
  const aged = new AgedRead({ read, maxAgeMs: 1_000 });
  await aged.get();
  vi.advanceTimersByTime(500);
  expect(await aged.get()).toBe(1);
  expect(reads).toBe(2);
  expect(await aged.get()).toBe(2);
});

test("a value that is too old is waited for", async () => {
  const aged = new AgedRead({ read, maxAgeMs: 1_000 });
  await aged.get();
  vi.advanceTimersByTime(1_000);
  expect(await aged.get()).toBe(2);
});

test("after a failure the last value serves, asked for again once a second, until it is too old", async () => {
  const stale: unknown[] = [];
  const aged = new AgedRead({ read, maxAgeMs: 1_000, keptMs: 10_000, onStale: (error) => stale.push(error) });
  await aged.get();
  failure = new Error("away");
  vi.advanceTimersByTime(2_000);
  expect(await Promise.all([aged.get(), aged.get()])).toEqual([1, 1]);
  expect(await aged.get()).toBe(1);
  expect(reads).toBe(2);
  expect(stale).toContain(failure);
  vi.advanceTimersByTime(1_000);
  expect(await aged.get()).toBe(1);
  expect(reads).toBe(3);
  vi.advanceTimersByTime(7_000);
  await expect(aged.get()).rejects.toThrow("away");
});

test("without a time to keep it a failure is told at once", async () => {
  const aged = new AgedRead({ read, maxAgeMs: 1_000 });
  await aged.get();
  failure = new Error("away");
  vi.advanceTimersByTime(1_000);
  await expect(aged.get()).rejects.toThrow("away");
});

test("what was being read when it was told to forget is not kept", async () => {
  const gates = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
  const aged = new AgedRead({ read: () => gates[reads++]?.promise ?? Promise.reject(new Error("a third read")), maxAgeMs: 1_000 });
  const before = aged.get();
  aged.forget();
  const after = aged.get();
  gates[1]?.resolve("after the change");
  expect(await after).toBe("after the change");
  gates[0]?.resolve("before the change");
  expect(await before).toBe("before the change");
  expect(await aged.get()).toBe("after the change");
});
