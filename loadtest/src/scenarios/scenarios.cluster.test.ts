/** One cluster for all scenarios at once, each as small as it can be and still have all its parts. */

import { type Cluster, startCluster } from "@drawchat/testkit/cluster";
import { afterAll, beforeAll, test } from "vitest";
import type { HopCount } from "../ledger/certificate.ts";
import { parseReport } from "../report/report-file.ts";
import type { RunReport } from "../report/run-report.ts";
import type { Target } from "../target/target.ts";
import { runFanout, TYPICAL_FANOUT } from "./fanout.ts";
import { nightNeeds, runNight } from "./night.ts";
import { planNight, TYPICAL_NIGHT } from "./night-schedule.ts";
import { runRest, TYPICAL_REST } from "./rest.ts";
import { runSoak } from "./soak.ts";
import { TYPICAL_SOAK } from "./soak-schedule.ts";
import { runStorm, TYPICAL_STORM } from "./storm.ts";

let cluster: Cluster;

beforeAll(async () => {
  const env = {
    LIVE_CHAT_MAX_MESSAGES_PER_USER_PER_MINUTE: "0",
    LIVE_CHAT_MESSAGE_HISTORY_LIMIT: "20",
    GATEWAY_TRAIL_EVENTS: "1000",
    GATEWAY_AUDIENCE_MS: "300",
  };
  cluster = await startCluster({ gateways: 2, env });
});
afterAll(() => cluster.stop());

/** The cluster as a run sees it: with new rooms, and a token for each of its users. */
async function aim(rooms: number, users: number): Promise<Target> {
  const sessions = [];
  for (let n = 0; n < rooms; n += 1) sessions.push((await cluster.session()).id);
  const tokens = await Promise.all(Array.from({ length: users }, (_, i) => cluster.token({ userId: 1_000 + i })));
  const gateways = ["gateway-1", "gateway-2"] as const;
  return {
    about: { kind: "own", url: cluster.url("gateway-1"), gateways: 2, balancer: "none" },
    roads: gateways.map((name) => ({ host: "127.0.0.1", port: Number(new URL(cluster.url(name)).port), name })),
    apiUrl: cluster.url("api-1"),
    sessions,
    tokens: { kind: "given", tokens },
    isLocal: true,
    redisUrl: cluster.redis.url,
    databaseUrl: cluster.database.url,
    gateways: gateways.map((name) => ({ name, privateUrl: cluster.privateUrl(name) })),
    processes: (["api-1", ...gateways] as const).map((name) => {
      return { name, pid: cluster.process(name).pid, metricsUrl: `${cluster.privateUrl(name)}/metrics` };
    }),
    changedSettings: [],
    versions: { redis: "", postgres: "" },
    stop: async () => undefined,
  };
}

const figure = ({ figures }: RunReport, name: string) => figures.find((one) => one.name === name)?.value;
const hops = ({ certificate }: RunReport, hop: HopCount["hop"]) =>
  (certificate?.rooms ?? []).flatMap((room) => room.hops.filter((count) => count.hop === hop));
const owed = (counts: readonly HopCount[]) => counts.reduce((sum, count) => sum + count.owed, 0);

test.concurrent("a small night over two rooms comes out as planned: ledger clean, likes and viewers the same everywhere", async ({
  expect,
}) => {
  const night = { ...TYPICAL_NIGHT, seed: 11, viewers: 40, rooms: 2, seconds: 1.5, messageLikesPerViewer: 1 };
  expect(nightNeeds(night)).toMatchObject({ sockets: 40, rooms: 2 });
  const told: string[] = [];
  const report = await runNight({ target: await aim(2, 42), night, onProgress: (what) => told.push(what) });
  expect(parseReport(JSON.stringify(report), "night")).toMatchObject({ scenario: "night", seed: 11, faults: [] });
  expect(report.certificate).toMatchObject({ isClean: true, findings: [] });
  const says = planNight(night).timeline.filter(({ does }) => does === "say");
  expect(owed(hops(report, "sent"))).toBe(says.length);
  expect(hops(report, "received").some(({ where }) => where.endsWith("v1"))).toBe(true);
  expect(owed(hops(report, "stored"))).toBeGreaterThan(0);
  expect(figure(report, "viewers.rows")).toBe(42);
  expect(figure(report, "likes.ofSessions")).toBeGreaterThan(0);
  expect(figure(report, "likes.ofMessages")).toBeGreaterThan(0);
  expect(figure(report, "likes.disagree")).toBe(0);
  expect(report.steps.map(({ name }) => name)).toEqual(["doors open", "waiting", "draw", "talking it over", "leaving"]);
  expect(told[0]).toContain("seed 11: 40 viewers");
});

test.concurrent("each user's first like is a row, the second one a 409 that is told as that", async ({ expect }) => {
  const rest = { ...TYPICAL_REST, seed: 1, seconds: 0.2, connections: 4, users: 40 };
  const report = await runRest({ target: await aim(1, 50), rest, onProgress: () => undefined });
  expect(parseReport(JSON.stringify(report), "rest").faults).toEqual([]);
  expect(report.certificate?.isClean).toBe(true);
  const steps = new Map(report.steps.map(({ name, figures }) => [name, figures]));
  expect(steps.get("GET status")).toMatchObject({ refused: 0, failed: 0, unanswered: 0 });
  expect(steps.get("GET messages")?.ok).toBeGreaterThan(0);
  expect(steps.get("POST like")).toMatchObject({ ok: 40, alreadyLiked: 0 });
  expect(steps.get("POST like, again")).toMatchObject({ ok: 0, alreadyLiked: 4 });
  expect(steps.get("POST like-message")).toMatchObject({ ok: 40, alreadyLiked: 0 });
});

test.concurrent("each period of a soak has a certificate of its own, with the sockets of the one before", async ({ expect }) => {
  const soak = { ...TYPICAL_SOAK, seed: 5, minutes: 0.15, periodSeconds: 0.7, sockets: 20, perSecond: 40, dropsPerMinute: 60 };
  const told: string[] = [];
  const report = await runSoak({ target: await aim(2, 20), soak, onProgress: (what) => told.push(what) });
  expect(parseReport(JSON.stringify(report), "soak").certificate).toMatchObject({ isClean: true, findings: [] });
  expect(told.slice(1).every((line) => line.includes("clean"))).toBe(true);
  expect(report.steps.length).toBeGreaterThan(1);
  expect(owed(hops(report, "sent"))).toBe(report.steps.length * 28);
  expect(report.series.some(({ name }) => name === "api-1 open files")).toBe(true);
});

test.concurrent("who is cut off in a storm comes back and has missed nothing", async ({ expect }) => {
  const storm = { ...TYPICAL_STORM, seed: 3, sockets: 60, rampPerSecond: 300, holdSeconds: 0.5, afterSeconds: 1.5, v1Share: 0.2 };
  const told: string[] = [];
  const report = await runStorm({ target: await aim(1, 60), storm: { ...storm, perSecond: 40 }, onProgress: (what) => told.push(what) });
  expect(parseReport(JSON.stringify(report), "storm").faults).toEqual([]);
  expect(report.certificate).toMatchObject({ isClean: true, findings: [] });
  expect(figure(report, "cutOff")).toBe(60);
  expect(figure(report, "rejoins")).toBe(60);
  expect(figure(report, "notBack")).toBe(0);
  // How many they are at most is seen where no other run uses the gateways: cli.cluster.test.ts.
  expect(figure(report, "historyReads")).toBeGreaterThan(0);
  // Who is not in cannot speak: of what was planned the report says how much was never sent, and the certificate why.
  const [planned, sent, notSent] = ["messagesPlanned", "messages", "messagesNotSent"].map((name) => figure(report, name) ?? 0);
  expect([planned, owed(hops(report, "sent"))]).toEqual([80, 80]);
  expect(sent).toBe(80 - (notSent ?? 0));
  expect(hops(report, "sent").map(({ skipped }) => skipped.no_connection ?? 0)).toEqual([notSent]);
  expect(told.at(-1)).toMatch(new RegExp(`^of 80 planned messages ${sent} were sent, \\d+ of them .*; never sent, .*: ${notSent}$`));
  // What a cut left unanswered may not have come: all that was accepted is stored.
  expect(owed(hops(report, "stored"))).toBeGreaterThan(20);
});

test.concurrent("each rung of a ladder tells its rate, its deliveries and what they cost", async ({ expect }) => {
  const fanout = { ...TYPICAL_FANOUT, seed: 4, sockets: 40, rates: [20, 100], secondsPerRung: 0.8, maxP99Ms: 60_000 };
  const report = await runFanout({ target: await aim(1, 40), fanout, onProgress: () => undefined });
  expect(parseReport(JSON.stringify(report), "fanout").certificate).toMatchObject({ isClean: true, findings: [] });
  const rungs = report.steps.filter(({ name }) => name !== "joins");
  expect(rungs.length).toBeGreaterThan(0);
  for (const { figures } of rungs) expect(figures.deliveries).toBe((figures.messages ?? 0) * 40);
  expect(report.notes[0]).toContain("the ladder ended");
});

test.concurrent("over its URL alone a chat tells all that is stored, in pages as small as it likes", async ({ expect }) => {
  const fanout = { ...TYPICAL_FANOUT, seed: 6, sockets: 4, rates: [100], secondsPerRung: 0.5, maxP99Ms: 60_000 };
  const { databaseUrl: _, ...target } = await aim(1, 4);
  const report = await runFanout({ target, fanout, onProgress: () => undefined });
  expect(report.certificate).toMatchObject({ isClean: true });
  expect(hops(report, "stored")).toEqual([expect.objectContaining({ isObserved: true, owed: 50, once: 50 })]);
});

test.concurrent("a crowd that is let in nowhere proves nothing, however clean its ledger is", async ({ expect }) => {
  const fanout = { ...TYPICAL_FANOUT, seed: 7, sockets: 4, rates: [20], secondsPerRung: 0.5 };
  const target = { ...(await aim(1, 4)), tokens: { kind: "given", tokens: ["no", "token", "at", "all"] } as const };
  const report = await runFanout({ target, fanout, onProgress: () => undefined });
  expect(report.certificate).toMatchObject({ isClean: true });
  expect(report.faults).toEqual([
    "none of the messages that were due was accepted: 10",
    "4 of 4 sockets were not in when the ladder began",
  ]);
});
