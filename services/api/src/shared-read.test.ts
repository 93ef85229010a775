import { expect, test } from "vitest";
import { SharedRead } from "./shared-read.ts";

/** Counts what is read, and holds each read until it is let go. */
function heldReads() {
  const reads: PromiseWithResolvers<void>[] = [];
  const started: PromiseWithResolvers<void>[] = [];
  const startOf = (n: number) => {
    started[n] ??= Promise.withResolvers();
    return started[n];
  };
  const read = async () => {
    const n = reads.length;
    const gate = Promise.withResolvers<void>();
    reads.push(gate);
    startOf(n).resolve();
    await gate.promise;
    return n;
  };
  return { read, reads, hasStarted: (n: number) => startOf(n).promise };
}

test("all who ask before a read has begun share it", async () => {
  let reads = 0;
  const shared = new SharedRead(async () => {
    reads += 1;
    return reads;
  });
  expect(await Promise.all(Array.from({ length: 200 }, () => shared.read()))).toEqual(Array.from({ length: 200 }, () => 1));
  expect(await shared.read()).toBe(2);
});

test("who asks while a read is under way gets the next one, and only one is under way at a time", async () => {
  const { read, reads, hasStarted } = heldReads();
  const shared = new SharedRead(read);
  const first = shared.read();
  await hasStarted(0);
  const later = [shared.read(), shared.read()];
  expect(reads).toHaveLength(1);
  reads[0]?.resolve();
  expect(await first).toBe(0);
  await hasStarted(1);
  reads[1]?.resolve();
  expect(await Promise.all(later)).toEqual([1, 1]);
});

test("a failed read fails for those who shared it, not for the next", async () => {
  let reads = 0;
  const shared = new SharedRead(async () => {
    reads += 1;
    if (reads === 1) throw new Error("away");
    return reads;
  });
  const answers = await Promise.allSettled([shared.read(), shared.read()]);
  expect(answers.map((answer) => answer.status)).toEqual(["rejected", "rejected"]);
  expect(await shared.read()).toBe(2);
});

test("reads begin no closer to each other than the gap", async () => {
  const beganMs = performance.now(); // a busy machine may stamp any of them late, so none is compared with the one before
  const startedAfterMs: number[] = [];
  const shared = new SharedRead(async () => void startedAfterMs.push(performance.now() - beganMs), { minGapMs: 20 });
  for (let i = 0; i < 3; i += 1) await shared.read();
  for (const [i, afterMs] of startedAfterMs.entries()) expect(afterMs).toBeGreaterThan(i * 20 - 0.01);
});
