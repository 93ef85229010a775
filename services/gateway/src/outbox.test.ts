import {
  decodePublication,
  EVENT_PROMPT,
  EVENT_SKIPPED,
  EVENT_V2_ONLY,
  encodePublication,
  type Publication,
} from "@drawchat/redis/publication";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Outbox } from "./outbox.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const TICK_MS = 10;

interface Listeners {
  v1?: boolean;
  v2?: boolean;
}

/** What an outbox hands to the sockets, and when it says that it flushed. */
function stage({ v1 = true, v2 = true, sweepMs = 0, hasLongTicks = false }: Listeners & { sweepMs?: number; hasLongTicks?: boolean } = {}) {
  const said: { v1: string[]; v2: string[]; flushes: [upto: number, shown: number, skipped: number][] } = { v1: [], v2: [], flushes: [] };
  const outbox = new Outbox(
    {
      room: "s42",
      tickMs: TICK_MS,
      hasLongTicks: () => hasLongTicks,
      afterSweep: (done) => void setTimeout(done, sweepMs),
      publishV1: (bytes) => said.v1.push(bytes.toString()),
      publishV2: (bytes) => said.v2.push(bytes.toString()),
      hasV1: () => v1,
      hasV2: () => v2,
      onFlush: (upto, shown, skipped) => said.flushes.push([upto, shown, skipped]),
    },
    0,
  );
  return { outbox, said };
}

interface Event {
  id: number;
  isV2Only?: boolean;
  flags?: number;
  size?: number;
}

const bodyOf = ({ id, size = 0 }: Event) => JSON.stringify({ id, text: "x".repeat(size) });

function publication(after: number, events: readonly Event[], upto = events.at(-1)?.id ?? after): Publication {
  const raw = events.map((event) => ({
    id: event.id,
    kind: event.isV2Only ? "d" : "m",
    flags: event.flags ?? (event.isV2Only ? EVENT_V2_ONLY : 0),
    userId: 1,
    clientId: "c",
    body: bodyOf(event),
  }));
  return decodePublication(encodePublication("s42", after, upto, raw));
}

interface Batch {
  type: string;
  after: number;
  upto: number;
  events: { id: number }[];
  skipped?: number;
}

function batches(frames: readonly string[]): [after: number, upto: number, ids: number[]][] {
  return frames.map((frame) => {
    const { after, upto, events }: Batch = JSON.parse(frame);
    return [after, upto, events.map((event) => event.id)];
  });
}

test("when idle an event goes out at once", () => {
  const { outbox, said } = stage();
  outbox.add(publication(0, [{ id: 1 }]));
  expect(said.v1).toEqual([bodyOf({ id: 1 })]);
  expect(said.v2).toEqual([`{"type":"batch","after":0,"upto":1,"events":[${bodyOf({ id: 1 })}]}`]);
  expect(outbox.flushedUpto).toBe(1);
});

test("when busy events go out once a tick, joined, in order", () => {
  const { outbox, said } = stage();
  for (let id = 1; id <= 4; id++) outbox.add(publication(id - 1, [{ id }]));
  expect(batches(said.v2)).toEqual([[0, 1, [1]]]);
  expect(outbox.flushedUpto).toBe(1);
  vi.advanceTimersByTime(TICK_MS - 1);
  expect(said.v2).toHaveLength(1);
  vi.advanceTimersByTime(1);
  expect(batches(said.v2)).toEqual([
    [0, 1, [1]],
    [1, 4, [2, 3, 4]],
  ]);
  expect(said.v1).toEqual([1, 2, 3, 4].map((id) => bodyOf({ id })));
  expect(said.flushes).toEqual([
    [1, 1, 0],
    [4, 3, 0],
  ]);
});

test("a room whose sweep takes long gets a longer tick, longer still on a loaded gateway, at most a quarter of a second", () => {
  for (const [sweepMs, tickMs, hasLongTicks] of [
    [2, 10, false],
    [15, 60, false],
    [20, 70, false],
    [40, 120, false],
    [200, 250, false],
    [3, 50, true],
    [20, 160, true],
    [200, 250, true],
  ] as const) {
    const { outbox, said } = stage({ sweepMs, hasLongTicks });
    outbox.add(publication(0, [{ id: 1 }]));
    vi.advanceTimersByTime(1_000);
    outbox.add(publication(1, [{ id: 2 }]));
    vi.advanceTimersByTime(sweepMs);
    expect(outbox.tickMs).toBe(tickMs);
    expect(outbox.sweepShare).toBe(sweepMs / tickMs);
    outbox.add(publication(2, [{ id: 3 }]));
    vi.advanceTimersByTime(tickMs - sweepMs - 1);
    expect(said.v2).toHaveLength(2);
    vi.advanceTimersByTime(1);
    expect(said.v2).toHaveLength(3);
  }
});

test("a whole frame waits for the last sweep alone, one that can still grow for its tick", () => {
  for (const [size, waitMs] of [
    [4_000, 120],
    [8_500, 40],
  ] as const) {
    const { outbox, said } = stage({ sweepMs: 40 });
    outbox.add(publication(0, [{ id: 1 }]));
    vi.advanceTimersByTime(1_000);
    outbox.add(publication(1, [{ id: 2 }]));
    for (const id of [3, 4]) outbox.add(publication(id - 1, [{ id, size }]));
    vi.advanceTimersByTime(waitMs - 1);
    expect(said.v2).toHaveLength(2);
    vi.advanceTimersByTime(1);
    expect(said.v2.length).toBeGreaterThan(2);
  }
});

test("what is not shown live makes no frame full", () => {
  const { outbox, said } = stage({ sweepMs: 40 });
  outbox.add(publication(0, [{ id: 1 }]));
  vi.advanceTimersByTime(1_000);
  outbox.add(publication(1, [{ id: 2 }]));
  outbox.add(publication(2, [{ id: 3 }, { id: 4, flags: EVENT_SKIPPED, size: 20_000 }]));
  vi.advanceTimersByTime(119);
  expect(said.v2).toHaveLength(2);
  vi.advanceTimersByTime(1);
  expect(said.v2).toHaveLength(3);
});

test("after a quiet tick the next event goes out at once again, and nothing goes out twice", () => {
  const { outbox, said } = stage();
  outbox.add(publication(0, [{ id: 1 }]));
  vi.advanceTimersByTime(TICK_MS);
  outbox.add(publication(1, [{ id: 2 }]));
  expect(batches(said.v2)).toEqual([
    [0, 1, [1]],
    [1, 2, [2]],
  ]);
  outbox.flush();
  vi.advanceTimersByTime(1_000);
  expect(said.v2).toHaveLength(2);
});

test("version 1 gets what it knows, one event a frame, byte for byte", () => {
  const { outbox, said } = stage();
  outbox.add(publication(0, [{ id: 1 }, { id: 2, isV2Only: true }, { id: 3 }]));
  expect(said.v1).toEqual([bodyOf({ id: 1 }), bodyOf({ id: 3 })]);
  expect(batches(said.v2)).toEqual([[0, 3, [1, 2, 3]]]);
});

test("frames hold at most 16 KB, and each begins where the last one ended", () => {
  const { outbox, said } = stage();
  outbox.add(publication(0, [{ id: 1 }]));
  for (let i = 0; i < 40; i++) {
    const first = 2 + i * 3;
    outbox.add(
      publication(
        first - 1,
        [first, first + 1, first + 2].map((id) => ({ id, size: 700 + (id % 7) * 100 })),
      ),
    );
  }
  vi.advanceTimersByTime(TICK_MS);
  let expectedAfter = 0;
  for (const [after, upto, ids] of batches(said.v2)) {
    expect(after).toBe(expectedAfter);
    expect(upto).toBe(ids.at(-1));
    expectedAfter = upto;
  }
  expect(expectedAfter).toBe(121);
  expect(batches(said.v2).flatMap(([, , ids]) => ids)).toEqual(Array.from({ length: 121 }, (_, i) => i + 1));
  for (const frame of said.v2) expect(Buffer.byteLength(frame)).toBeLessThanOrEqual(16_384);
});

test("bodies that would just fill 16 KB leave room for what stands around them", () => {
  const { outbox, said } = stage();
  const around = bodyOf({ id: 10 }).length + 1;
  outbox.add(
    publication(
      0,
      [10, 11, 12, 13, 14, 15, 16, 17].map((id) => ({ id, size: 2_048 - around })),
    ),
  );
  expect(said.v2.map((frame) => Buffer.byteLength(frame) <= 16_384)).toEqual([true, true]);
});

test("an event larger than a frame travels alone", () => {
  const { outbox, said } = stage();
  outbox.add(publication(0, [{ id: 1 }, { id: 2, size: 20_000 }, { id: 3 }]));
  expect(batches(said.v2)).toEqual([
    [0, 1, [1]],
    [1, 2, [2]],
    [2, 3, [3]],
  ]);
});

test("an end behind the last event is told", () => {
  const { outbox, said } = stage();
  outbox.add(publication(0, [{ id: 1 }], 5));
  expect(batches(said.v2)).toEqual([[0, 5, [1]]]);
  expect(outbox.flushedUpto).toBe(5);
});

test("nothing is made for a version that nobody speaks", () => {
  const onlyV1 = stage({ v2: false });
  onlyV1.outbox.add(publication(0, [{ id: 1 }]));
  expect([onlyV1.said.v1.length, onlyV1.said.v2.length]).toEqual([1, 0]);
  const onlyV2 = stage({ v1: false });
  onlyV2.outbox.add(publication(0, [{ id: 1 }]));
  expect([onlyV2.said.v1.length, onlyV2.said.v2.length]).toEqual([0, 1]);
});

test("what waits at a reset is forgotten", () => {
  const { outbox, said } = stage();
  outbox.add(publication(0, [{ id: 1 }]));
  outbox.add(publication(1, [{ id: 2 }]));
  outbox.clear(70);
  vi.advanceTimersByTime(1_000);
  expect(batches(said.v2)).toEqual([[0, 1, [1]]]);
  outbox.add(publication(70, [{ id: 71 }]));
  expect(batches(said.v2).at(-1)).toEqual([70, 71, [71]]);
});

const skipped = (id: number): Event => ({ id, flags: EVENT_SKIPPED });
const skips = (frames: readonly string[]) => frames.map((frame): unknown => JSON.parse(frame).skipped);

test("what is not shown live is left out: counted in version 2, silently in version 1", () => {
  const { outbox, said } = stage();
  outbox.add(publication(0, [skipped(1), { id: 2 }, skipped(3), skipped(4)], 5));
  expect(said.v1).toEqual([bodyOf({ id: 2 })]);
  expect(batches(said.v2)).toEqual([[0, 5, [2]]]);
  expect(skips(said.v2)).toEqual([3]);
  expect(said.flushes).toEqual([[5, 1, 3]]);
});

test("frames that are cut count each skipped one once", () => {
  const { outbox, said } = stage();
  const large = (id: number): Event => ({ id, size: 9_000 });
  outbox.add(publication(0, [skipped(1), large(2), skipped(3), large(4), skipped(5), large(6)]));
  expect(batches(said.v2)).toEqual([
    [0, 3, [2]],
    [3, 5, [4]],
    [5, 6, [6]],
  ]);
  expect(skips(said.v2)).toEqual([2, 1, undefined]);
});

test("skipped ones alone wait for a frame that shows something, at most a quarter of a second", () => {
  const { outbox, said } = stage();
  outbox.add(publication(0, [{ id: 1 }]));
  outbox.add(publication(1, [skipped(2)]));
  vi.advanceTimersByTime(TICK_MS);
  expect(said.v2).toHaveLength(1);
  outbox.add(publication(2, [{ id: 3 }])); // its tick is over already
  expect(batches(said.v2).at(-1)).toEqual([1, 3, [3]]);
  outbox.add(publication(3, [skipped(4)]));
  vi.advanceTimersByTime(249);
  expect(said.v2).toHaveLength(2);
  vi.advanceTimersByTime(1);
  expect([batches(said.v2).at(-1), skips(said.v2)]).toEqual([
    [3, 4, []],
    [undefined, 1, 1],
  ]);
  expect(said.v1).toEqual([1, 3].map((id) => bodyOf({ id })));
});

test("what is prompt goes at once and takes along what waits, in order", () => {
  for (const prompt of [
    { id: 4, flags: EVENT_PROMPT },
    { id: 4, isV2Only: true },
  ]) {
    const { outbox, said } = stage();
    outbox.add(publication(0, [{ id: 1 }]));
    outbox.add(publication(1, [{ id: 2 }, skipped(3)]));
    outbox.add(publication(3, [prompt]));
    expect(batches(said.v2)).toEqual([
      [0, 1, [1]],
      [1, 4, [2, 4]],
    ]);
    expect(skips(said.v2)).toEqual([undefined, 1]);
  }
});

test("of many prompt ones in a row the first goes at once, the others by the tick", () => {
  const { outbox, said } = stage({ sweepMs: 40 });
  outbox.add(publication(0, [{ id: 1 }]));
  vi.advanceTimersByTime(40);
  expect(outbox.tickMs).toBe(120);
  for (let id = 2; id <= 9; id += 1) outbox.add(publication(id - 1, [{ id, flags: EVENT_PROMPT }]));
  expect(batches(said.v2).at(-1)).toEqual([1, 2, [2]]);
  vi.advanceTimersByTime(160);
  expect(batches(said.v2).slice(2)).toEqual([[2, 9, [3, 4, 5, 6, 7, 8, 9]]]);
});
