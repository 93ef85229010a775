import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { UsageError } from "../command/option-reader.ts";
import { writeReport } from "../report/report-file.ts";
import { batchesOf } from "./batches.ts";
import { checkRun } from "./check.ts";
import { planCommand } from "./command.ts";
import type { Costs } from "./costs.ts";
import { framesOf } from "./frames.ts";
import { honestyOf } from "./honesty.ts";
import { nonNegativeFit } from "./least-squares.ts";
import { limitsOf } from "./limits.ts";
import { learnCosts } from "./machine-costs.ts";
import { type Asked, parseNight } from "./options.ts";
import { planText } from "./plan-text.ts";
import { sizeNight } from "./sizing.ts";
import { syntheticRun, syntheticRuns, TRUTH } from "./synthetic-run.ts";

const runs = syntheticRuns();
const [fanout, storm, night] = runs;

function asked(options: Record<string, string> = {}): Asked & { night: NonNullable<Asked["night"]> } {
  const parsed = parseNight({ viewers: "1000000", ...options });
  if (parsed.night === undefined) throw new Error("a night was asked for");
  return { ...parsed, night: parsed.night };
}

function plan(options: Record<string, string> = {}, costs = learnCosts(runs)) {
  const { night, hardware } = asked(options);
  const sizing = sizeNight(night, hardware, costs, 300);
  return { sizing, limits: limitsOf(night, hardware, costs, { sizing, eventBytes: 300 }) };
}

test("a fit finds costs again, and none below zero", () => {
  const equations = [
    [1, 2],
    [2, 1],
    [3, 5],
  ].map(([a = 0, b = 0]) => ({ x: [a, b, 0], y: 3 * a + 4 * b, weight: 1 }));
  expect(nonNegativeFit(equations).map((value) => Math.round(value * 1e6) / 1e6)).toEqual([3, 4, 0]);
  const falling = [1, 2, 3].map((a) => ({ x: [1, a], y: 10 - a, weight: 1 }));
  expect(nonNegativeFit(falling).every((value) => value >= 0)).toBe(true);
});

test("costs are learned from whatever runs there are", () => {
  const { cpu, gatewayMemory, kernelBytesPerSocket, eventOverheadBytes, redisBytesPerMessage } = learnCosts(runs);
  expect(cpu.gateway?.writes).toBeCloseTo(5, 0);
  expect(cpu.gateway?.joins).toBeGreaterThan(150);
  expect(cpu.gateway?.joins).toBeLessThan(210);
  expect(cpu.writer?.rows).toBeCloseTo(30, 0);
  expect(cpu.writer?.batches).toBeCloseTo(1_500, -1);
  expect(gatewayMemory?.perSocketBytes).toBeCloseTo(1_100, -2);
  expect(kernelBytesPerSocket).toBeCloseTo(4_800, -2);
  expect(eventOverheadBytes).toBeCloseTo(220, -1);
  expect(redisBytesPerMessage).toBeCloseTo(700, 0);
});

test("what no run did is unknown, not free", () => {
  const { cpu } = learnCosts([fanout]);
  expect(cpu.gateway?.v1Frames).toBeUndefined();
  expect(cpu.gateway?.writes).toBeGreaterThan(0);
  expect(learnCosts([]).cpu.gateway).toBeUndefined();
  expect(plan({}, learnCosts([])).sizing.gateways).toBeUndefined();
});

test("a role that no run shows at work is not known, and the plan says so once", () => {
  const short = syntheticRun({
    scenario: "fanout",
    startedAt: "2026-05-01T20:00:00.000Z",
    textBytes: 80,
    steps: [{ seconds: 10, sockets: 100, messages: 10 }],
  });
  const costs = learnCosts([short]);
  expect(Object.keys(costs.cpu)).toEqual(["gateway"]);
  const { night: small, hardware } = asked({ viewers: "1000" });
  const sizing = sizeNight(small, hardware, costs, undefined);
  expect(sizing).toMatchObject({ writerCpu: undefined, postgresCpu: undefined, redisCpu: undefined });
  const limits = limitsOf(small, hardware, costs, { sizing, eventBytes: undefined });
  const told = planText({ night: small, hardware, costs, sizing, limits, honesty: undefined, basis: "", runs: 1, sampled: undefined });
  expect(told).toMatch(/^ +Redis +not measured$/m);
  expect(told).toMatch(/^ +writers +not measured$/m);
  expect(told).toMatch(/^ +Postgres +1 rows a second at the draw: not measured$/m);
  expect(told).not.toMatch(/not measured[,:] .*not measured|0 of a core/);
});

test("a run is predicted from the others, figure by figure", () => {
  const checked = checkRun(night, [fanout, storm]);
  expect(checked.map(({ figure }) => figure)).toEqual(
    expect.arrayContaining(["CPU of gateway-1", "bytes sent by gateway-2", "memory of gateway-1", "CPU of haproxy"]),
  );
  for (const { figure, error } of checked) expect(Math.abs(error), figure).toBeLessThan(0.15);
});

test("a run over several rooms is predicted by their number: a socket gets its own room's events alone", () => {
  const steps = [
    { seconds: 20, sockets: 4_000, messages: 40 },
    { seconds: 40, sockets: 4_000, messages: 400 },
  ];
  const soak = syntheticRun({ scenario: "soak", startedAt: "2026-05-01T23:00:00.000Z", textBytes: 80, rooms: 4, steps });
  const checked = checkRun(soak, runs).filter(({ figure }) => /CPU of gateway|bytes/.test(figure));
  expect(checked).toHaveLength(4);
  for (const { figure, error } of checked) expect(Math.abs(error), figure).toBeLessThan(0.15);
});

test("a run on a machine twice as slow is predicted wrong, and the plan says so", () => {
  const slow = night.series.map((one) =>
    one.group === "cpu" ? { ...one, points: one.points.map(([s, v]): [number, number] => [s, 2 * v]) } : one,
  );
  const honesty = honestyOf([fanout, storm, { ...night, series: slow }]);
  expect(honesty?.runs).toBe(3);
  expect(Math.abs(honesty?.worst.error ?? 0)).toBeGreaterThan(0.3);
  expect(honestyOf([fanout])).toBeUndefined();
});

test("a busy room gets fewer, larger frames, a large room longer ticks, as long as its frames are not full", () => {
  const cost = { perWrite: 5, perByte: 0 };
  const room = { sockets: 100, eventsPerSecond: 10, eventBytes: 300 };
  expect(framesOf(room, cost).perSecond).toBeCloseTo(10, 0);
  expect(framesOf({ ...room, eventsPerSecond: 1_000 }, cost).perSecond).toBeCloseTo(100, 0);
  expect(framesOf({ ...room, sockets: 10_000, eventsPerSecond: 40 }, cost).tickMs).toBeCloseTo(150, 0);
  // A frame is full after 54 ms, which is above one sweep.
  expect(framesOf({ ...room, sockets: 10_000, eventsPerSecond: 1_000 }, cost).tickMs).toBeCloseTo(54, 0);
  expect(framesOf({ ...room, sockets: 1_000_000, eventsPerSecond: 1_000 }, cost).tickMs).toBeCloseTo(250, 0);
});

test("what is more than a frame holds is several writes, also within the shortest tick", () => {
  const cost = { perWrite: 5, perByte: 0 };
  const room = { sockets: 100, eventsPerSecond: 5_000, eventBytes: 300 };
  expect(framesOf(room, cost).perSecond).toBeCloseTo(100, 0); // 15,000 bytes
  expect(framesOf({ ...room, eventsPerSecond: 8_000 }, cost)).toMatchObject({ perSecond: 200, tickMs: 10 });
  // A sweep of two writes is 12 ms, and a third would come after 13.6.
  const longer = framesOf({ ...room, sockets: 1_200, eventsPerSecond: 8_000 }, cost);
  expect(longer.tickMs).toBeCloseTo(12, 3);
  expect(longer.perSecond).toBeCloseTo(2_000 / 12, 3);
  // Frames fill up faster than they are written: no tick is long enough.
  expect(framesOf({ ...room, sockets: 10_000, eventsPerSecond: 8_000 }, cost).tickMs).toBeCloseTo(250, 0);
});

test("a busy room's rows are stored in few, large batches, quiet ones' in a batch each", () => {
  expect(batchesOf(0, 1)).toBe(0);
  expect(batchesOf(2, 1)).toBeCloseTo(1.8, 1);
  expect(batchesOf(1_000, 1)).toBeCloseTo(19.6, 1);
  expect(batchesOf(1_000, 8)).toBeCloseTo(138, 0);
  expect(batchesOf(20_000, 1)).toBe(40);
  const [one, four] = [plan({ viewers: "1000000" }), plan({ viewers: "1000000", "messages-per-chatter-per-minute": "8" })];
  expect(four.sizing.writerCpu).toBeLessThan(3 * (one.sizing.writerCpu ?? 0));
});

test("a larger night needs more gateways, sampling and fuller cores fewer", () => {
  const gateways = (options: Record<string, string>) => plan(options).sizing.gateways ?? 0;
  const usual = gateways({});
  expect(usual).toBeGreaterThanOrEqual(20); // 50,000 sockets each at most
  expect(gateways({ viewers: "2000000" })).toBeGreaterThan(usual);
  expect(gateways({ burst: "10", "messages-per-chatter-per-minute": "6" })).toBeGreaterThan(usual);
  expect(gateways({ "sample-above": "20" })).toBeLessThanOrEqual(usual);
  expect(gateways({ full: "35%" })).toBeGreaterThan(usual);
});

test("no gateway has more to send than the network card of its machine takes", () => {
  const { sizing } = plan({ chatters: "10%", "network-gbit": "1" });
  expect(sizing.machines).toBe(sizing.gateways);
  expect((sizing.networkOutPerMachine ?? 0) * 8).toBeLessThanOrEqual(0.7e9);
  expect(sizing.gateways).toBeGreaterThan(plan({ chatters: "10%" }).sizing.gateways ?? 0);
});

test("what decides is what one gateway fewer would not hold", () => {
  const decides = (options: Record<string, string>) => plan({ chatters: "0", ...options }).sizing.decides;
  expect(decides({ "comeback-seconds": "3600", "join-minutes": "600" })).toMatchObject({ limit: "sockets" });
  expect(decides({ "comeback-seconds": "3600", "join-minutes": "0.1", full: "100%" })).toMatchObject({
    limit: "handshakes",
    moment: "doors",
  });
  expect(plan({ chatters: "10%", "network-gbit": "1" }).sizing.decides).toMatchObject({ limit: "card", moment: "draw" });
  expect(plan({ chatters: "10%", full: "35%" }).sizing.decides).toMatchObject({ limit: "core", moment: "draw" });
});

test("one gateway that is enough is not made three by a comeback that it cannot have", () => {
  const options = { viewers: "40000", chatters: "0", "comeback-seconds": "1", full: "20%" };
  expect(plan(options).sizing).toMatchObject({ gateways: 1, decides: { used: expect.any(Number) } });
});

test("rows of a night are counted in bytes where each table was measured, else not", () => {
  const { rows, rowsBytes } = plan({ viewers: "1000", chatters: "10", "messages-per-chatter-per-minute": "1", hours: "1" }).sizing;
  expect(rows).toEqual({ messages: 600, likes: 500, viewers: 1_000 });
  expect(rowsBytes).toBe(600 * 400 + 500 * 150 + 1_000 * 130);
  expect(plan({}, { ...learnCosts(runs), rowBytes: { messages: 400 } }).sizing.rowsBytes).toBeUndefined();
});

test("where a part of a gateway's cost is not known, all that rests on it is told as the least", () => {
  // Joins alone: at the draw nobody joins, and it counts all the same.
  const costs = { ...TRUTH, cpu: { ...TRUTH.cpu, gateway: { ...TRUTH.cpu.gateway, joins: "merged" as const } } };
  const told = (known: typeof TRUTH) => {
    const { night, hardware } = asked();
    const { sizing, limits } = plan({}, known);
    const isAtLeast = sizing.atLeast.includes("gateway");
    const sampled = { rate: 20, gateways: 20, isAtLeast };
    return planText({ night, hardware, costs: known, sizing, limits, honesty: undefined, basis: "", runs: 1, sampled });
  };
  expect(told(costs)).toMatch(/^ +gateways +at least \d+ gateways, a core each, at most [\d,]+ sockets each$/m);
  expect(told(costs)).toMatch(/^ +their machines +at least \d+ machines/m);
  expect(told(costs)).toMatch(/^ +the core of a gateway +at least [\d.]+ % used +gives way at [\d.]+ times these messages at most$/m);
  expect(told(costs)).toMatch(/^ +at least \d+ gateways, \d+ a machine[\s\S]*=20 would need at least 20 gateways/m);
  expect(told(TRUTH)).toMatch(/^ +gateways +\d+ gateways, a core each, [\d,]+ sockets each$/m);
  expect(told(TRUTH)).toMatch(/^ +the core of a gateway +[\d.]+ % used +gives way at [\d.]+ times these messages$/m);
});

test("an honesty that is not known is told with its cause: too few runs, or none that can be compared", () => {
  const { night, hardware } = asked();
  const costs = learnCosts(runs);
  const told = (known: number) =>
    planText({ night, hardware, costs, ...plan(), honesty: undefined, basis: "", runs: known, sampled: undefined });
  expect(told(1)).toMatch(/^Honesty +not known: with two runs or more, /m);
  expect(told(3)).toMatch(/^Honesty +not known: none of the 3 runs can be predicted from the others \(/m);
});

test("what gives way first is named first, with when", () => {
  const [first] = plan({ "network-gbit": "0.1", "sample-above": "20" }).limits;
  expect(first?.what).toBe("the network card of a gateway's machine");
  const many = plan({ chatters: "50%", "messages-per-chatter-per-minute": "20" }).limits;
  expect(many.find(({ what }) => what.startsWith("messages of one room"))?.used).toBeGreaterThan(1);
  const core = plan().limits.find(({ what }) => what === "the core of a gateway");
  expect(core?.used).toBeLessThanOrEqual(0.7);
  expect(core?.givesWayAt).toBeGreaterThan(1);
});

test("wrong options are told together", () => {
  expect(() => parseNight({})).toThrow(/^--viewers is missing: .*$/);
  expect(() => parseNight({ viewers: "many", v1: "2", full: "0%" })).toThrow(
    new UsageError([
      "--viewers is a whole number from 1 to 100000000, not many",
      "--v1 is a share such as 0.25 or 25%, not 2",
      "--full of 0% leaves nothing to use",
    ]),
  );
  expect(() => parseNight({ viewers: "many", chatters: "100" })).toThrow(/^--viewers [^\n]*$/);
  expect(parseNight({ check: "a.json", chatters: "100" }).night).toBeUndefined();
  expect(() => parseNight({ viewers: "10.5", rooms: "2.5", "gateways-cores": "1.5" })).toThrow(
    /--viewers is a whole .*\n--rooms is a whole .*\n--gateways-cores is a whole /,
  );
  expect(() => parseNight({ viewers: "10", v1: "%", rooms: "" })).toThrow(/--rooms is .*, not empty\n--v1 is a share .*, not %/);
  expect(asked({ v1: "0.25", full: "0.5" })).toMatchObject({ night: { v1Share: 0.25 }, hardware: { full: 0.5 } });
  expect(asked({ v1: "25%" }).night.v1Share).toBe(0.25);
  expect(asked({ chatters: "500" }).night.chatters).toBe(500);
  expect(asked({ chatters: "2%" }).night.chatters).toBe(20_000);
});

const bench: Costs = {
  format: 1,
  measuredAt: "2026-05-01T19:00:00.000Z",
  machine: { cpus: 2, model: "a virtual machine's processor", kernel: "6.1", node: "v22", redis: "7.0.15" },
  eventBytes: 300,
  gateway: {
    points: [400, 2_000, 8_000].map((messagesPerSecond) => {
      const bytesPerFrame = 72 + (messagesPerSecond / 50) * 300;
      const cpuMicros = 4_000 + 2_000 * 50 * (5 + 0.0008 * bytesPerFrame) + 6 * messagesPerSecond;
      const cpuMicrosPerDelivery = cpuMicros / (2_000 * messagesPerSecond);
      return {
        version: 2,
        sockets: 2_000,
        messagesPerSecond,
        framesPerSecondAndSocket: 50,
        bytesPerFrame,
        cpuMicrosPerDelivery,
        cpuShare: 0.6,
        p99Ms: 60,
      } as const;
    }),
    maxDeliveriesPerSecond: 9e6,
    idleBytesPerSocket: 900,
    connectCpuMicros: 150,
  },
  redis: { points: [{ messagesPerSecond: 400, cpuMicrosPerMessage: 40 }] },
};

test("the benchmark alone is enough for gateways, and what it does not measure stays unknown", () => {
  const costs = learnCosts([], bench);
  expect(costs.cpu.gateway?.joins).toBe(150);
  expect(costs.cpu.writer).toBeUndefined();
  const { sizing } = plan({}, costs);
  expect(sizing.gateways).toBeGreaterThan(10);
  expect(sizing.writerCpu).toBeUndefined();
});

test("the command plans, checks a held-out run, and says what to do where there is nothing", async () => {
  const dir = await mkdtemp(join(tmpdir(), "drawchat-plan-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const run = async (...args: string[]) => {
    let output = "";
    const print = (text: string) => {
      output += text;
    };
    return { status: await planCommand(["--from", dir, ...args], { print, warn: print }), output };
  };
  expect((await run("--viewers", "10")).output).toContain("no runs that count");
  const fresh = await run("--viewers", "10", "--from", join(dir, "none"));
  expect(fresh).toEqual({ status: 64, output: expect.stringMatching(/none has no runs that count: make some with `npm run load/) });
  const [held] = await Promise.all([writeReport(dir, night), writeReport(dir, fanout), writeReport(dir, storm)]);
  await writeFile(join(dir, "costs.json"), JSON.stringify(bench));
  const [planned, checked, wrong] = await Promise.all([
    run("--viewers", "1000000", "--chatters", "1%", "--gateways-cores", "4"),
    run("--check", held),
    run("--viewers", "0"),
  ]);
  expect(planned).toMatchObject({ status: 0 });
  expect(planned.output).toMatch(
    /predicts a held-out run within [\d.]+ %[\s\S]*gateways, a core each[\s\S]*What gives way first[\s\S]*#limits-of-the-system/,
  );
  expect(checked.output).not.toContain("void");
  const voided = await writeReport(dir, { ...night, startedAt: "2026-05-01T23:00:00.000Z", void: "the generator was the bottleneck" });
  const told = (await run("--check", voided)).output;
  expect(told).toContain(`${voided} is void, what was measured and the errors prove nothing: the generator was the bottleneck\n`);
  expect(told).toMatch(/CPU of gateway-1 +[\d.]+ s/);
  expect(checked.output).toMatch(/CPU of gateway-1 +[\d.]+ s +[\d.]+ s +[+−][\d.]+ %/);
  const usage = "--viewers is a whole number from 1 to 100000000, not 0; all options: npm run plan -- --help\n";
  expect(wrong).toEqual({ status: 64, output: usage });
  expect(await run("--vewers", "1")).toEqual({ status: 64, output: "Unknown option '--vewers'; all options: npm run plan -- --help\n" });
  expect((await run("-h")).status).toBe(0);
});
