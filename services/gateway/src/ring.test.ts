import { firstIdOfMs } from "@drawchat/protocol/ids";
import { decodePublication, EVENT_SKIPPED, encodePublication, type Publication } from "@drawchat/redis/publication";
import { expect, test } from "vitest";
import { Ring } from "./ring.ts";

interface Said {
  after: number;
  ids: readonly number[];
  /** Default: the last id. */
  upto?: number;
  body?: string;
  kind?: string;
  /** Those of `ids` that are not shown live. */
  skipped?: readonly number[];
}

function publication({ after, ids, upto = ids.at(-1) ?? after, body, kind = "m", skipped = [] }: Said): Publication {
  const flagsOf = (id: number) => (skipped.includes(id) ? EVENT_SKIPPED : 0);
  const events = ids.map((id) => ({ id, kind, flags: flagsOf(id), userId: 1, clientId: "c", body: body ?? `{"id":${id}}` }));
  return decodePublication(encodePublication("s42", after, upto, events));
}

function idsOf(bodies: readonly Buffer[] | undefined): number[] {
  return (bodies ?? []).map((body) => Number(/\d+/.exec(body.toString())?.[0]));
}

/** 10 | 11 12 | 20 21 22 (upto 25) | 30 */
function someRing(): Ring {
  return new Ring(
    [
      publication({ after: 5, ids: [10] }),
      publication({ after: 10, ids: [11, 12] }),
      publication({ after: 12, ids: [20, 21, 22], upto: 25 }),
      publication({ after: 25, ids: [30] }),
    ],
    30,
  );
}

test("it reaches every event, every end and its beginning, and no number between", () => {
  const ring = someRing();
  expect(ring.upto).toBe(30);
  const reached = Array.from({ length: 40 }, (_, id) => id).filter((id) => ring.reaches(id));
  expect(reached).toEqual([5, 10, 11, 12, 20, 21, 22, 25, 30]);
});

test("an empty ring reaches the place where it stands, and nothing else", () => {
  const ring = new Ring([], 7);
  expect([ring.upto, ring.startOfLast(100), ring.page(7, 7, 1_000)]).toEqual([7, 7, undefined]);
  expect([ring.reaches(7), ring.reaches(0), ring.reaches(8)]).toEqual([true, false, false]);
});

test("a page holds the events behind a place, over several publications", () => {
  const ring = someRing();
  const page = ring.page(11, 30, 16_384);
  expect([page?.after, page?.upto, idsOf(page?.bodies)]).toEqual([11, 30, [12, 20, 21, 22, 30]]);
  expect(idsOf(ring.page(5, 30, 16_384)?.bodies)).toEqual([10, 11, 12, 20, 21, 22, 30]);
  expect(ring.page(30, 30, 16_384)).toBeUndefined();
});

test("a page ends where the sockets stand, not where the ring does", () => {
  const page = someRing().page(10, 25, 16_384);
  expect([page?.upto, idsOf(page?.bodies)]).toEqual([25, [11, 12, 20, 21, 22]]);
});

test("an end behind the last event is passed on, also alone", () => {
  const page = someRing().page(22, 25, 16_384);
  expect([page?.after, page?.upto, page?.bodies]).toEqual([22, 25, []]);
});

test("pages are cut between events, and each begins where the last one ended", () => {
  const ring = new Ring([], 0);
  for (let i = 0; i < 30; i++) {
    ring.push(publication({ after: i * 3, ids: [i * 3 + 1, i * 3 + 2, i * 3 + 3], body: JSON.stringify({ x: "y".repeat(1_200) }) }));
  }
  let after = 0;
  let events = 0;
  for (let page = ring.page(after, 90, 16_384); page !== undefined; page = ring.page(after, 90, 16_384)) {
    expect(page.after).toBe(after);
    expect(ring.reaches(page.upto)).toBe(true);
    const bytes = page.bodies.reduce((sum, body) => sum + body.length + 1, -1);
    expect(bytes).toBeLessThanOrEqual(16_384);
    events += page.bodies.length;
    expect(page.upto).toBe(events);
    after = page.upto;
  }
  expect([after, events]).toEqual([90, 90]);
});

test("an event larger than a page travels alone", () => {
  const ring = new Ring([], 0);
  ring.push(publication({ after: 0, ids: [1] }));
  ring.push(publication({ after: 1, ids: [2], body: JSON.stringify({ x: "y".repeat(20_000) }) }));
  ring.push(publication({ after: 2, ids: [3] }));
  const uptos = [0, 1, 2].map((after) => ring.page(after, 3, 16_384)).map((page) => [page?.bodies.length, page?.upto]);
  expect(uptos).toEqual([
    [1, 1],
    [1, 2],
    [1, 3],
  ]);
});

test("the newest events begin inside a publication where that is so", () => {
  const ring = someRing();
  const starts = [1, 2, 3, 4, 5, 6, 7, 100].map((count) => ring.startOfLast(count));
  expect(starts).toEqual([25, 21, 20, 12, 11, 10, 5, 5]);
  starts.forEach((start, i) => {
    expect(idsOf(ring.page(start, 30, 16_384)?.bodies)).toHaveLength(Math.min(7, i + 1));
  });
});

test("only messages have likes to be told", () => {
  const ring = someRing();
  ring.push(publication({ after: 30, ids: [31], kind: "d" }));
  ring.push(publication({ after: 31, ids: [32] }));
  expect(ring.messageIdsAfter(21)).toEqual([22, 30, 32]);
  expect(ring.messageIdsAfter(32)).toEqual([]);
});

test("old events go once 500 newer ones are there, and the place where they ended is still reached", () => {
  const old = firstIdOfMs(Date.now() - 360_000);
  const ring = new Ring([], old);
  for (let i = 0; i < 600; i++) ring.push(publication({ after: old + i, ids: [old + i + 1] }));
  expect([ring.reaches(old + 99), ring.reaches(old + 100), ring.reaches(old + 600)]).toEqual([false, true, true]);
});

test("young events stay, however many they are", () => {
  const young = firstIdOfMs(Date.now());
  const ring = new Ring([], young);
  for (let i = 0; i < 2_000; i++) ring.push(publication({ after: young + i, ids: [young + i + 1] }));
  expect(ring.reaches(young)).toBe(true);
});

test("beyond 8 MiB the oldest go, young or not", () => {
  const young = firstIdOfMs(Date.now());
  const ring = new Ring([], young);
  const body = JSON.stringify({ x: "y".repeat(100_000) });
  for (let i = 0; i < 100; i++) ring.push(publication({ after: young + i, ids: [young + i + 1], body }));
  expect([ring.reaches(young + 15), ring.reaches(young + 50)]).toEqual([false, true]);
});

test("what was not shown live is not in pages either: they count it, wherever they begin", () => {
  const ring = new Ring(
    [
      publication({ after: 5, ids: [10, 11, 12], skipped: [11] }),
      publication({ after: 12, ids: [20, 21], skipped: [20, 21], upto: 25 }),
      publication({ after: 25, ids: [30, 31], skipped: [31] }),
    ],
    31,
  );
  const pageFrom = (start: number) => {
    const page = ring.page(start, 31, 16_384);
    return [page?.after, page?.upto, idsOf(page?.bodies), page?.skipped];
  };
  expect(pageFrom(5)).toEqual([5, 31, [10, 12, 30], 4]);
  expect(pageFrom(11)).toEqual([11, 31, [12, 30], 3]);
  expect(pageFrom(12)).toEqual([12, 31, [30], 3]);
  expect(pageFrom(30)).toEqual([30, 31, [], 1]);
  expect(ring.messageIdsAfter(5)).toEqual([10, 12, 30]);
  expect(ring.reaches(20)).toBe(true); // a sender may come back with the place of an own skipped line
  const starts = [1, 2, 3, 4].map((count) => ring.startOfLast(count));
  expect(starts.map((start) => idsOf(ring.page(start, 31, 16_384)?.bodies))).toEqual([[30], [12, 30], [10, 12, 30], [10, 12, 30]]);
});

test("pages cut between events count each skipped one once", () => {
  const ring = new Ring([publication({ after: 5, ids: [10, 11, 12, 13, 14], skipped: [10, 12, 14], body: "x".repeat(60) })], 14);
  const pages: unknown[] = [];
  for (let page = ring.page(5, 14, 100); page !== undefined; page = ring.page(page.upto, 14, 100)) {
    pages.push([page.after, page.upto, page.bodies.length, page.skipped]);
  }
  expect(pages).toEqual([
    [5, 12, 1, 2],
    [12, 14, 1, 1],
  ]);
});
