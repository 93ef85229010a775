import { expect, test } from "vitest";
import { loadText } from "../generator/load-text.ts";
import { countAlong } from "./coverage.ts";
import { Receipts } from "./receipts.ts";
import type { GroupReceipts, ReceiptsReport } from "./receipts-report.ts";

const RUN = 7;
const V2 = { room: "s42", gateway: "gateway-1", version: 2 } as const;
const V1 = { ...V2, version: 1 } as const;

function event(id: number, run = RUN) {
  return {
    type: "new_message",
    message: { id, user_id: 1, username: "ann", message: loadText({ run, sender: 3, n: id, sentUs: id * 10, bytes: 60 }) },
  };
}

const bytes = (frame: object) => Buffer.from(JSON.stringify(frame));
const single = (id: number) => bytes(event(id));
const batch = (after: number, upto: number, ids: readonly number[], more: object = {}) =>
  bytes({ type: "batch", after, upto, events: ids.map((id) => event(id)), ...more });
const welcome = (recovered: boolean, ids: readonly number[], upto: number, username = "ann") =>
  bytes({ type: "welcome", user: { username }, recovered, events: ids.map((id) => event(id)), upto });
const reset = (ids: readonly number[], upto: number) => bytes({ type: "reset", epoch: "2", events: ids.map((id) => event(id)), upto });

interface Sums {
  owed: number;
  delivered: number;
  lost: readonly number[];
  doubled: readonly number[];
  disordered: readonly number[];
}

function sums(group: GroupReceipts | undefined): Sums {
  if (group === undefined) throw new Error("no such group");
  const owedOf = countAlong(group.owed);
  const owed = group.ids.map(owedOf);
  const times = (counts: GroupReceipts["doubled"]) => counts.flatMap(([id, n]) => Array<number>(n).fill(id));
  return {
    owed: owed.reduce((sum, count) => sum + count, 0),
    delivered: group.delivered.reduce((sum, count) => sum + count, 0),
    lost: group.ids.flatMap((id, i) => Array<number>((owed[i] ?? 0) - (group.delivered[i] ?? 0)).fill(id)),
    doubled: times(group.doubled),
    disordered: times(group.disordered),
  };
}

const clean = { lost: [], doubled: [], disordered: [] };
const kinds = (report: ReceiptsReport) => report.violations.map(({ socket, kind, id }) => [socket, kind, id]);

/** `count` sockets that stand at 100. */
function listeners(where: typeof V1 | typeof V2, count: number): Receipts {
  const receipts = new Receipts({ run: RUN, sockets: 10 });
  for (let socket = 0; socket < count; socket += 1) receipts.begin(socket, where, 100);
  return receipts;
}

test("each socket that gets each frame is counted, and a frame says what of it was ours and how old it is", () => {
  const receipts = listeners(V2, 3);
  for (let socket = 0; socket < 3; socket += 1) {
    expect(receipts.onFrame(socket, batch(100, 102, [101, 102]))).toEqual({ events: 2, oldestSentUs: 1_010 });
    receipts.onFrame(socket, batch(102, 103, [103]));
    receipts.onFrame(socket, bytes({ type: "tip", upto: 103 }));
  }
  const report = receipts.report();
  expect(sums(report.groups[0])).toEqual({ owed: 9, delivered: 9, ...clean });
  expect(report).toMatchObject({ violations: [], unreadable: 0 });
  expect(report.groups[0]).toMatchObject({ ...V2, ids: [101, 102, 103], senders: [3, 3, 3], ns: [101, 102, 103] });
});

test("what batches leave out is counted for each socket, and how far all have come is told", () => {
  const receipts = listeners(V2, 3);
  for (const socket of [0, 1, 2]) receipts.onFrame(socket, batch(100, 102, [101], { skipped: 1 }));
  for (const socket of [0, 1, 2]) receipts.onFrame(socket, batch(102, 104, [], { skipped: 2 }));
  for (const socket of [0, 1]) receipts.onFrame(socket, batch(104, 105, [105]));
  expect(receipts.report().groups[0]).toMatchObject({ sampled: 9, heardUpto: 104 });
});

test("what is not of the run is passed over, what cannot be read is counted", () => {
  const receipts = listeners(V2, 1);
  expect(receipts.onFrame(0, bytes({ type: "batch", after: 100, upto: 101, events: [event(101, 8)] }))).toEqual({
    events: 0,
    oldestSentUs: 0,
  });
  receipts.onFrame(0, bytes({ type: "batch", after: 101, upto: 102, events: [{ type: "delete", id: 102, message_id: 101 }] }));
  receipts.onFrame(0, Buffer.from('{"type":"batch","after":102,"up'));
  receipts.onFrame(0, batch(102, 103, [103]));
  const report = receipts.report();
  expect(sums(report.groups[0])).toEqual({ owed: 1, delivered: 1, ...clean });
  expect(report.unreadable).toBe(1);
});

test.each([V1, V2])("a frame that one socket lacks, has twice or late is told with the socket (version $version)", (where) => {
  const frame = (id: number) => (where.version === 1 ? single(id) : batch(id - 1, id, [id]));
  const orders = [
    [101, 102, 103, 104, 105],
    [101, 103, 104, 105],
    [101, 102, 102, 103, 104, 105],
    [101, 103, 102, 104, 105],
    [101, 102, 103, 104],
  ];
  // Whoever comes first: the socket that is wrong must not make the others look wrong.
  for (const first of orders.keys()) {
    const receipts = listeners(where, orders.length);
    const turns = orders.map((ids, socket) => ({ ids, socket }));
    for (const { ids, socket } of [...turns.slice(first), ...turns.slice(0, first)]) {
      for (const id of ids) receipts.onFrame(socket, frame(id));
    }
    const report = receipts.report();
    expect(sums(report.groups[0])).toMatchObject({ owed: 25, lost: [102, 105], doubled: [102], disordered: [102] });
    const told = kinds(report);
    expect(told).toEqual(
      expect.arrayContaining([
        [1, "lost", 102],
        [2, "doubled", 102],
        [3, "disordered", 102],
      ]),
    );
    expect(told).toHaveLength(3);
  }
});

test.each([V1, V2])("what comes late to all sockets is late, one after another and side by side (version $version)", (where) => {
  const frame = (id: number) => (where.version === 1 ? single(id) : batch(id - 1, id, [id]));
  const order = [101, 103, 102, 104];
  const sockets = [0, 1, 2];
  for (const turns of [
    sockets.flatMap((socket) => order.map((id) => ({ socket, id }))),
    order.flatMap((id) => sockets.map((socket) => ({ socket, id }))),
  ]) {
    const receipts = listeners(where, 3);
    for (const { socket, id } of turns) receipts.onFrame(socket, frame(id));
    expect(sums(receipts.report().groups[0])).toEqual({ owed: 12, delivered: 12, lost: [], doubled: [], disordered: [102, 102, 102] });
  }
});

test("an event that is missing, doubled or moved inside one socket's copy of a batch is found", () => {
  for (const copies of [
    [batch(100, 103, [101, 103]), batch(100, 103, [101, 102, 103])],
    [batch(100, 103, [101, 102, 103]), batch(100, 103, [101, 103])],
  ]) {
    const receipts = listeners(V2, 2);
    for (const [socket, copy] of copies.entries()) receipts.onFrame(socket, copy);
    expect(sums(receipts.report().groups[0])).toMatchObject({ owed: 6, delivered: 5, lost: [102], doubled: [], disordered: [] });
  }
  const receipts = listeners(V2, 2);
  receipts.onFrame(0, batch(100, 103, [102, 101, 103]));
  receipts.onFrame(1, batch(100, 103, [101, 102, 102, 103]));
  expect(sums(receipts.report().groups[0])).toMatchObject({ owed: 6, delivered: 6, lost: [], doubled: [102], disordered: [101] });
});

test("a socket that leaves is owed nothing more, and one that resumes is owed what it missed", () => {
  const receipts = listeners(V2, 3);
  const all = (after: number, upto: number, ids: readonly number[], sockets: readonly number[]) => {
    for (const socket of sockets) receipts.onFrame(socket, batch(after, upto, ids));
  };
  all(100, 101, [101], [0, 1, 2]);
  receipts.end(1);
  receipts.end(2);
  all(101, 103, [102, 103], [0]);
  const other = { ...V2, gateway: "gateway-2" };
  expect(receipts.position(1)).toBe(101);
  receipts.begin(1, other, receipts.position(1));
  receipts.onFrame(1, welcome(true, [102], 102));
  receipts.onFrame(1, batch(102, 103, [103]));
  receipts.onFrame(1, batch(103, 104, [104]));
  all(103, 104, [104], [0]);
  const report = receipts.report();
  expect(report.groups.map(sums)).toEqual([
    { owed: 6, delivered: 6, ...clean },
    { owed: 3, delivered: 3, ...clean },
  ]);
});

test("a resume that leaves something out is a loss at the gateway that it came to", () => {
  const receipts = listeners(V2, 2);
  for (const socket of [0, 1]) receipts.onFrame(socket, batch(100, 101, [101]));
  receipts.end(1);
  receipts.onFrame(0, batch(101, 103, [102, 103]));
  receipts.begin(1, V2, 101);
  receipts.onFrame(1, welcome(true, [103], 103));
  expect(sums(receipts.report().groups[0])).toMatchObject({ owed: 6, delivered: 5, lost: [102] });
});

test("a late join begins with what its welcome shows, pages that differ in their heads are the same page", () => {
  const receipts = new Receipts({ run: RUN, sockets: 3 });
  for (const [socket, name] of ["ann", "bob", 'eve","events":[ "recovered":true'].entries()) {
    receipts.begin(socket, V2, undefined);
    receipts.onFrame(socket, welcome(false, socket === 2 ? [102, 103] : [101, 102, 103], 104, name));
    receipts.onFrame(socket, batch(104, 105, [105]));
  }
  expect(sums(receipts.report().groups[0])).toEqual({ owed: 11, delivered: 11, ...clean });
});

test("a reset or an unrecovered welcome declares what lies between, and shows again without doubling", () => {
  const receipts = listeners(V2, 3);
  for (const socket of [0, 1, 2]) receipts.onFrame(socket, batch(100, 102, [101, 102]));
  receipts.end(1);
  receipts.onFrame(0, batch(102, 104, [103, 104]));
  receipts.onFrame(0, reset([101, 102, 103, 104, 105], 105));
  receipts.begin(1, V2, 102);
  receipts.onFrame(1, welcome(false, [105, 106], 106));
  receipts.onFrame(2, reset([104, 105, 106], 106));
  receipts.onFrame(0, batch(105, 106, [106]));
  const [group] = receipts.report().groups;
  expect(sums(group)).toMatchObject(clean);
  const resetOf = countAlong(group?.reset ?? []);
  expect([101, 102, 103, 104, 105, 106].map(resetOf)).toEqual([0, 0, 2, 1, 0, 0]);
});

test("a version 1 socket of unknown beginning begins with what it sees first, or with what others saw long after it joined", () => {
  let nowMs = 0;
  const receipts = new Receipts({ run: RUN, sockets: 4, nowMs: () => nowMs });
  receipts.begin(0, V1, 100);
  for (const socket of [1, 2, 3]) receipts.begin(socket, V1, undefined);
  receipts.onFrame(0, single(101));
  nowMs = 1_000;
  for (const socket of [0, 1]) receipts.onFrame(socket, single(102));
  nowMs = 6_000;
  for (const socket of [0, 1]) receipts.onFrame(socket, single(103));
  for (const socket of [0, 1, 2]) receipts.onFrame(socket, single(104));
  // Socket 0 is owed all four, 1 three, 2 and 3 what came after 5 s: 103 and 104.
  expect(sums(receipts.report().groups[0])).toEqual({ owed: 11, delivered: 8, lost: [103, 103, 104], doubled: [], disordered: [] });
});

test("what comes before that with which a version 1 socket seemed to begin was late, not twice there", () => {
  const receipts = new Receipts({ run: RUN, sockets: 2 });
  receipts.begin(0, V1, 100);
  receipts.begin(1, V1, undefined);
  for (const id of [101, 102, 103, 104]) receipts.onFrame(0, single(id));
  for (const id of [104, 102]) receipts.onFrame(1, single(id));
  expect(sums(receipts.report().groups[0])).toEqual({ owed: 7, delivered: 6, lost: [103], doubled: [], disordered: [102] });
});

test("who is behind is known by room", () => {
  const receipts = listeners(V2, 2);
  receipts.onFrame(0, batch(100, 101, [101]));
  expect([receipts.lagging("s42", 101), receipts.lagging("s42", 100), receipts.lagging("s43", 101)]).toEqual([1, 0, 0]);
});

test("a version 1 socket that came when all was said is not behind, one of version 2 without its welcome is", () => {
  const receipts = listeners(V1, 1);
  receipts.begin(1, V1, undefined);
  receipts.onFrame(0, single(101));
  expect(receipts.lagging("s42", 101)).toBe(0);
  receipts.begin(2, V2, undefined);
  expect(receipts.lagging("s42", 101)).toBe(1);
});

test("the id of a message is known by whose it is, once a socket of its room has seen it", () => {
  const receipts = listeners(V2, 2);
  receipts.onBatch(0, batch(100, 102, [101, 102]));
  expect(receipts.idOf("s42", 3, 102)).toBe(102);
  expect(receipts.idOf("s42", 3, 103)).toBeUndefined();
  expect(receipts.idOf("s43", 3, 102)).toBeUndefined();
});

test("frames that are forgotten are read again, and everything is still counted", () => {
  const receipts = listeners(V2, 2);
  const ids = Array.from({ length: 1_500 }, (_, i) => 101 + i);
  const large = (id: number) => {
    const one = event(id);
    return bytes({
      type: "batch",
      after: id - 1,
      upto: id,
      events: [{ ...one, message: { ...one.message, padding: "x".repeat(12_000) } }],
    });
  };
  for (const id of ids) receipts.onFrame(0, large(id));
  for (const id of ids) receipts.onFrame(1, large(id));
  expect(sums(receipts.report().groups[0])).toEqual({ owed: 3_000, delivered: 3_000, ...clean });
});
