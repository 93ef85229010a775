/** A small chat on paper, broken at one hop at a time: the certificate must name that hop, and no other. */
import { expect, test } from "vitest";
import { loadClientId } from "../generator/load-text.ts";
import { HOPS, type Hop } from "./certificate.ts";
import { certifyRoom } from "./certify.ts";
import type { LoadEvent } from "./event-list.ts";
import { type GatewayTrail, MARK_BEGIN, MARK_END, type RoomObservations, type TrailEntry } from "./observations.ts";
import type { GroupReceipts } from "./receipts-report.ts";
import type { RoomPage } from "./room-page.ts";
import { Sends } from "./sends.ts";

const RUN = 7;
const ROOM = "s42";
const KINDS = ["lost", "doubled", "disordered"] as const;
type Kind = (typeof KINDS)[number];

/** What goes wrong, and where: of the gateways it is the second, of the wires version 2. */
interface Sabotage {
  hop: Hop;
  kind: Kind;
}

const SOCKETS = 3;
const MESSAGES = 6;
/** The one that it happens to; a swap brings it behind the next. */
const VICTIM = 2;

/** Does to a list what the sabotage is. */
function bend<T>(items: readonly T[], kind: Kind, at = VICTIM): T[] {
  const [before, victim, after] = [items.slice(0, at), items.slice(at, at + 1), items.slice(at + 1)];
  if (kind === "lost") return [...before, ...after];
  if (kind === "doubled") return [...before, ...victim, ...victim, ...after];
  return [...before, ...after.slice(0, 1), ...victim, ...after.slice(1)];
}

const trailOf = (ids: readonly number[], sockets: number): TrailEntry[] => [[1, MARK_BEGIN], ...ids.map((id): TrailEntry => [id, sockets])];

/** What three sockets tell who all got these ids in this order. */
function receiptsOf(gateway: string, version: 1 | 2, frames: readonly LoadEvent[], broken?: Kind): GroupReceipts {
  const events = [...new Map(frames.map((event) => [event.id, event])).values()].toSorted((a, b) => a.id - b.id);
  const victim = events[VICTIM]?.id ?? 0;
  const seenTwice = frames.filter((event, i) => frames.indexOf(event) !== i).map(({ id }) => [id, SOCKETS] as const);
  const late = frames.filter((event, i) => i > 0 && event.id < (frames[i - 1]?.id ?? 0)).map(({ id }) => [id, SOCKETS] as const);
  return {
    room: ROOM,
    gateway,
    version,
    ids: events.map(({ id }) => id),
    senders: events.map(({ sender }) => sender),
    ns: events.map(({ n }) => n),
    delivered: events.map(({ id }) => (broken === "lost" && id === victim ? SOCKETS - 1 : SOCKETS)),
    owed: [[1, SOCKETS]],
    reset: [],
    doubled: broken === "doubled" ? [[victim, 1]] : seenTwice,
    disordered: broken === "disordered" ? [[victim, 1]] : late,
    sampled: 0,
    heardUpto: Number.POSITIVE_INFINITY,
  };
}

/** A table has one row an id: what is doubled or swapped in it has other ids than it was accepted with. */
function rowsOf(events: readonly LoadEvent[], broken: Kind | undefined): LoadEvent[] {
  if (broken === "doubled") return events.map((event, i) => (i === VICTIM + 1 ? { ...event, id: event.id + 1 } : event));
  return events.map((event, i) => (broken === "disordered" ? { ...event, id: 100 + i * 64 } : event));
}

/** All that is said is said by one sender, of either version. */
function observe(sabotage: Sabotage | undefined, version: 1 | 2): RoomObservations {
  const isAt = (hop: Hop) => sabotage?.hop === hop;
  const at = <T>(hop: Hop, items: readonly T[]) => (isAt(hop) ? bend(items, sabotage?.kind ?? "lost") : [...items]);
  const sends = new Sends();
  const sent = at(
    "sent",
    Array.from({ length: MESSAGES }, (_, n) => n),
  );
  for (const n of sent) sends.sent(ROOM, version, 0, n);
  // What a proxy before the gateway does to the frames; each that arrives gets an id of its own.
  const accepted = at("accepted", sent).map((n, i): LoadEvent => ({ id: 100 + i * 64, sender: 0, n }));
  if (version === 2) for (const { n, id } of accepted) sends.acked(ROOM, 0, n, id);
  const logged = at("logged", accepted);
  const inLog = [...new Map(logged.map((event) => [event.id, event])).values()];
  const swappedLater = sabotage?.hop === "logged" ? inLog.toSorted((a, b) => a.id - b.id) : inLog;
  const trails: GatewayTrail[] = [];
  const receipts: GroupReceipts[] = [];
  for (const gateway of ["gateway-1", "gateway-2"]) {
    const isIt = gateway === "gateway-2";
    const relayed = isIt ? at("relayed", swappedLater) : swappedLater;
    const handed = (wire: 1 | 2) => (isIt && wire === 2 ? at("handed", relayed) : relayed);
    const ids = (events: readonly LoadEvent[]) => events.map(({ id }) => id);
    trails.push({ gateway, relayed: trailOf(ids(relayed), 0), handed1: trailOf(ids(handed(1)), 3), handed2: trailOf(ids(handed(2)), 3) });
    const broken = isIt && isAt("received") ? sabotage?.kind : undefined;
    receipts.push(receiptsOf(gateway, 1, handed(1)), receiptsOf(gateway, 2, handed(2), broken));
  }
  const stored = rowsOf(at("stored", swappedLater), isAt("stored") ? sabotage?.kind : undefined);
  return { room: ROOM, sends: sends.take(), logged, sampled: new Set(), trails, receipts, stored, deadLetters: new Set() };
}

/** `hop where kind` of all that is not clean. */
function blamed(page: RoomPage): string[] {
  return page.hops.flatMap((row) => KINDS.flatMap((kind) => (row[kind] > 0 ? [`${row.hop} ${row.where} ${kind}`.replace("  ", " ")] : [])));
}

const WHERE: Partial<Record<Hop, string>> = { relayed: "gateway-2 ", handed: "gateway-2 v2 ", received: "gateway-2 v2 " };
const cells = HOPS.flatMap((hop) => KINDS.map((kind) => ({ hop, kind })));

test.each([1, 2] as const)("an undisturbed run is clean at every hop, whoever sends (version %i)", (version) => {
  const page = certifyRoom(RUN, observe(undefined, version));
  expect(blamed(page)).toEqual([]);
  expect(page.findings).toEqual([]);
  expect(page.hops.map(({ hop, where, owed, once }) => [hop, where, owed, once])).toEqual([
    ["sent", "", 6, 6],
    ["accepted", "", 6, 6],
    ["logged", "", 6, 6],
    ["relayed", "gateway-1", 6, 6],
    ["relayed", "gateway-2", 6, 6],
    ...["gateway-1 v1", "gateway-1 v2", "gateway-2 v1", "gateway-2 v2"].map((where) => ["handed", where, 6, 6]),
    ...["gateway-1 v1", "gateway-1 v2", "gateway-2 v1", "gateway-2 v2"].map((where) => ["received", where, 18, 18]),
    ["stored", "", 6, 6],
  ]);
});

// Only version 1 says twice what goes out twice, only version 2 is told what was accepted.
const senderFor = (hop: Hop) => (hop === "sent" || hop === "accepted" ? 1 : 2);

test.each(cells)("$kind at $hop is named at $hop alone", ({ hop, kind }) => {
  const page = certifyRoom(RUN, observe({ hop, kind }, senderFor(hop)));
  expect(blamed(page)).toEqual([`${hop} ${WHERE[hop] ?? ""}${kind}`]);
  expect(page.findings.length).toBeGreaterThan(0);
  for (const row of page.hops) {
    const skipped = Object.values(row.skipped).reduce((sum, times) => sum + times, 0);
    expect(row.once + skipped + row.lost + row.disordered).toBe(row.owed);
  }
});

/** A clean run of version 2, but for what is told otherwise. */
const runWith = (change: Partial<RoomObservations>) => certifyRoom(RUN, { ...observe(undefined, 2), ...change });
const rowOf = (page: RoomPage, hop: Hop, where = "") => page.hops.find((row) => row.hop === hop && row.where === where);
const sendsOf = (version: 1 | 2, say: (sends: Sends) => void, ns: readonly number[] = [0, 1, 2, 3, 4, 5]) => {
  const sends = new Sends();
  for (const n of ns) sends.sent(ROOM, version, 0, n);
  say(sends);
  return sends.take();
};
const ackAll = (sends: Sends) => {
  for (let n = 0; n < MESSAGES; n += 1) sends.acked(ROOM, 0, n, 100 + n * 64);
};
const nothingBehind = { logged: [], trails: [], receipts: [], stored: [] };

test("a message that is sent again and acknowledged again is one message", () => {
  const sends = sendsOf(
    2,
    (all) => {
      ackAll(all);
      all.acked(ROOM, 0, 2, 100 + 2 * 64, { duplicate: true });
    },
    [0, 1, 2, 3, 2, 4, 5],
  );
  expect(blamed(runWith({ sends }))).toEqual([]);
});

test("a message that was accepted under two ids is doubled where it was accepted, and both are owed further on", () => {
  const sends = sendsOf(2, (all) => {
    ackAll(all);
    all.acked(ROOM, 0, 2, 1_000);
  });
  const page = runWith({ sends });
  expect(rowOf(page, "accepted")).toMatchObject({ owed: 6, once: 6, doubled: 1 });
  expect(rowOf(page, "logged")).toMatchObject({ owed: 7, once: 6, lost: 1 });
});

test("refusals, connections that ended and messages that nobody could send are declared by name", () => {
  const sends = sendsOf(
    2,
    (all) => {
      all.refused(ROOM, 2, 0, 0, "rate_limited");
      all.unanswered(ROOM, 2, 0, 1);
      all.unsent(ROOM, 2, 0, 2);
    },
    [0, 1, 3],
  );
  const page = runWith({ sends, ...nothingBehind });
  expect(rowOf(page, "sent")).toMatchObject({ owed: 4, once: 3, skipped: { no_connection: 1 }, lost: 0 });
  expect(rowOf(page, "accepted")).toMatchObject({ owed: 3, once: 0, skipped: { rate_limited: 1, unanswered: 1 }, lost: 1 });
});

test("what was put off until the end is skipped by the code, and owed further on where it was accepted all the same", () => {
  const sends = sendsOf(2, (all) => {
    for (const [n, code] of ["busy", "unavailable"].entries()) all.postponed(ROOM, 2, 0, n, code);
  });
  const page = runWith({ sends, ...nothingBehind, logged: [{ id: 164, sender: 0, n: 1 }] });
  expect(rowOf(page, "accepted")).toMatchObject({ owed: 6, once: 1, skipped: { busy: 1 }, lost: 4 });
  expect(rowOf(page, "stored")).toMatchObject({ owed: 1, skipped: {}, lost: 1 });
});

test("version 1 is not told which one was refused: so many are explained, and no more", () => {
  const sends = sendsOf(1, (all) => {
    for (const code of ["rate_limited", "rate_limited", "busy"]) all.refused(ROOM, 1, 0, -1, code);
  });
  const logged = [0, 3].map((n) => ({ id: 100 + n * 64, sender: 0, n }));
  const page = runWith({ sends, ...nothingBehind, logged });
  expect(rowOf(page, "accepted")).toMatchObject({ owed: 6, once: 2, skipped: { rate_limited: 2, busy: 1 }, lost: 1 });
});

test("an acknowledgement that was lost is no loss of the message", () => {
  expect(blamed(runWith({ sends: sendsOf(2, () => undefined) }))).toEqual([]);
});

test("what is sampled need not be handed over or received where batches say so, but must be logged and stored", () => {
  const sends = sendsOf(2, (all) => {
    ackAll(all);
    all.acked(ROOM, 0, VICTIM, 100 + VICTIM * 64, { skipped: true });
  });
  const { trails, receipts, stored } = observe({ hop: "handed", kind: "lost" }, 2);
  const told = (times: number) => receipts.map((group) => ({ ...group, sampled: times }));
  const page = runWith({ sends, trails, receipts: told(SOCKETS), stored });
  expect(blamed(page)).toEqual([]);
  expect(rowOf(page, "handed", "gateway-2 v2")).toMatchObject({ owed: 6, once: 5, skipped: { sampled: 1 } });
  expect(rowOf(page, "received", "gateway-2 v2")).toMatchObject({ owed: 18, once: 15, skipped: { sampled: 3 } });
  // One socket's batch kept quiet about it; a socket that did not come so far may still be told.
  expect(rowOf(runWith({ sends, trails, receipts: told(SOCKETS - 1), stored }), "received", "gateway-2 v2")).toMatchObject({ lost: 1 });
  const notYet = told(0).map((group) => ({ ...group, heardUpto: 100 }));
  expect(blamed(runWith({ sends, trails, receipts: notYet, stored }))).toEqual([]);
  expect(blamed(runWith({ sends, stored: stored?.filter(({ n }) => n !== VICTIM) }))).toEqual(["stored lost"]);
});

test("what only the history shows of version 1 is not called lost where the chat samples, and is where it does not", () => {
  const { receipts, stored } = observe({ hop: "logged", kind: "lost" }, 1);
  const all = observe(undefined, 1);
  const urlAlone = (told: number) =>
    certifyRoom(RUN, {
      ...all,
      logged: undefined,
      trails: [],
      receipts: receipts.map((group) => ({ ...group, sampled: group.version === 2 ? told : 0 })),
    });
  expect(stored).toHaveLength(MESSAGES - 1);
  const sampled = urlAlone(SOCKETS);
  expect(blamed(sampled)).toEqual([]);
  for (const where of ["gateway-1 v1", "gateway-2 v2"])
    expect(rowOf(sampled, "received", where)).toMatchObject({ owed: 18, once: 15, skipped: { unknown: 3 }, lost: 0 });
  const everywhere = ["gateway-1 v1", "gateway-1 v2", "gateway-2 v1", "gateway-2 v2"].map((where) => `received ${where} lost`);
  expect(blamed(urlAlone(0))).toEqual(everywhere);
  // Version 2 is told how many, and what is missing beyond that is lost.
  expect(rowOf(urlAlone(1), "received", "gateway-1 v2")).toMatchObject({ skipped: { unknown: 1 }, lost: 2 });
  // What one gateway's sockets got was to be shown.
  const cut = observe({ hop: "relayed", kind: "lost" }, 1).receipts.map((group) => ({ ...group, sampled: SOCKETS }));
  expect(blamed(certifyRoom(RUN, { ...all, logged: undefined, trails: [], receipts: cut }))).toEqual(everywhere.slice(2));
});

test("a dead letter and a withdrawn message are declared, a row that is just not there is lost", () => {
  const withdrawn = sendsOf(2, (all) => {
    ackAll(all);
    all.refused(ROOM, 2, 0, 1, "not_stored");
  });
  const page = runWith({ sends: withdrawn, stored: [], deadLetters: new Set([100]) });
  expect(rowOf(page, "stored")).toMatchObject({ owed: 6, once: 0, skipped: { dead_letter: 1, not_stored: 1 }, lost: 4 });
});

test("a row or an event under another id than it was accepted with is out of its place, also where the order is the same", () => {
  const renumbered = <E extends LoadEvent>(events: readonly E[] = []) =>
    events.map((event) => (event.n === VICTIM ? { ...event, id: event.id + 1 } : event));
  const { logged, stored, receipts } = observe(undefined, 2);
  expect(blamed(runWith({ stored: renumbered(stored) }))).toEqual(["stored disordered"]);
  expect(blamed(runWith({ logged: renumbered(logged) }))).toEqual(["logged disordered"]);
  const shown = receipts.map((group) => ({ ...group, ids: group.ids.map((id, i) => (i === VICTIM ? id + 1 : id)) }));
  expect(rowOf(runWith({ receipts: shown }), "received", "gateway-1 v1")).toMatchObject({ owed: 18, once: 15, lost: 0, disordered: 3 });
});

test("sockets behind a balancer are measured by what all gateways handed over", () => {
  const throughBalancer = (observed: RoomObservations) => observed.receipts.map((group) => ({ ...group, gateway: "balancer" }));
  const clean = observe(undefined, 2);
  expect(blamed(runWith({ receipts: throughBalancer(clean) }))).toEqual([]);
  const broken = observe({ hop: "relayed", kind: "lost" }, 2);
  expect(blamed(certifyRoom(RUN, { ...broken, receipts: throughBalancer(broken) }))).toEqual(["relayed gateway-2 lost"]);
  const cut = observe({ hop: "received", kind: "lost" }, 2);
  expect(blamed(certifyRoom(RUN, { ...cut, receipts: throughBalancer(cut) }))).toEqual(["received balancer v2 lost"]);
});

test("a gateway answers for what came while its room was open and its trail was read", () => {
  const { trails } = observe(undefined, 2);
  const [first, second] = trails;
  if (first === undefined || second === undefined) throw new Error("two gateways");
  const ids = [100, 164, 228, 292, 356, 420];
  // Opened behind the second, closed behind the third, opened again behind the fifth.
  const side = (sockets: number): TrailEntry[] => [
    [164, MARK_BEGIN],
    [228, sockets],
    [228, MARK_END],
    [356, MARK_BEGIN],
    [420, sockets],
  ];
  const partly = { gateway: "gateway-2", relayed: side(0), handed1: side(3), handed2: side(3) };
  const page = runWith({ trails: [first, partly] });
  expect(blamed(page)).toEqual([]);
  expect(rowOf(page, "relayed", "gateway-2")).toMatchObject({ owed: 2, once: 2 });
  // To nobody of version 1 while it had no sockets of it: those that came later have it from pages.
  const unheard = { ...second, handed1: trailOf(ids, 0) };
  expect(blamed(runWith({ trails: [first, unheard] }))).toEqual([]);
});

test("where nobody watches a hop it says so, and the next owes what the last watched one brought", () => {
  const broken = observe({ hop: "logged", kind: "lost" }, 2);
  const page = certifyRoom(RUN, { ...broken, logged: undefined, trails: [] });
  expect(page.hops.filter(({ isObserved }) => !isObserved).map(({ hop }) => hop)).toEqual(["logged", "relayed", "handed"]);
  expect(blamed(page)).toEqual([
    ...["gateway-1 v1", "gateway-1 v2", "gateway-2 v1", "gateway-2 v2"].map((where) => `received ${where} lost`),
    "stored lost",
  ]);
});

test("findings name message and hop, and those that do not fit are counted", () => {
  const page = runWith({ stored: [] });
  expect(page.findings[0]).toEqual({ room: ROOM, hop: "stored", where: "", kind: "lost", id: 100, clientId: loadClientId(RUN, 0, 0) });
  const many = sendsOf(
    2,
    () => undefined,
    Array.from({ length: 150 }, (_, n) => n),
  );
  const lost = runWith({ sends: many, ...nothingBehind });
  expect([lost.findings.length, lost.moreFindings]).toEqual([100, 50]);
});
