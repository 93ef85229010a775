import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { compareReports } from "./compare.ts";
import { compareCommand } from "./compare-command.ts";
import { words } from "./format.ts";
import { writeReport } from "./report-file.ts";
import type { RunReport } from "./run-report.ts";
import { dirtyCertificate, sampleReport } from "./sample-report.ts";

const [latency = { name: "", count: 0, p50: 0, p90: 0, p99: 0, p999: 0, max: 0 }] = sampleReport().latencies;

function wordOf(a: Partial<RunReport>, b: Partial<RunReport>, name: string): string | undefined {
  const { sections } = compareReports(sampleReport(a), sampleReport(b));
  return sections.flatMap(({ rows }) => rows).find((row) => row.name === name)?.word;
}

test("a run is the same as itself", () => {
  const { obstacles, sections } = compareReports(sampleReport(), sampleReport());
  expect(obstacles).toEqual([]);
  expect(sections.map(({ title }) => title)).toEqual(["Figures", "Latencies", "Steps", "Costs"]);
  expect(new Set(sections.flatMap(({ rows }) => rows.map(({ word }) => word)))).toEqual(new Set(["same"]));
});

test("less latency and less CPU are better, more deliveries are too", () => {
  const slower = { latencies: [{ ...latency, p99: 200 }] };
  expect(wordOf({}, slower, "delivered v2 p99")).toBe("worse");
  expect(wordOf(slower, {}, "delivered v2 p99")).toBe("better");
  const busier = { processes: [{ name: "gateway-1", cpuSeconds: 80, rssBytes: 141_000_000 }] };
  expect(wordOf({}, busier, "gateway-1 CPU")).toBe("worse");
  expect(wordOf({}, busier, "gateway-1 highest memory")).toBe("same");
  const more = { figures: [{ name: "deliveries", value: 96_000_000, unit: "" }] };
  expect(wordOf({}, more, "deliveries")).toBe("better");
});

test.each([
  "messagesHeldBack",
  "messagesNotSent",
  "likesNotSent",
  "notBack",
  "likes.disagree",
  "unanswered",
  "findings",
  "growth.gateway-1",
  "historyReads",
])("less %s is better", (name) => {
  const figures = (value: number) => ({ figures: [{ name, value, unit: "" }] });
  expect(wordOf(figures(10), figures(100), words(name))).toBe("worse");
  expect(wordOf(figures(100), figures(10), words(name))).toBe("better");
});

test("how well a line fits a growth is neither better nor worse", () => {
  const figures = (value: number) => ({ figures: [{ name: "growth.gateway-1.fit", value, unit: "" }] });
  expect(wordOf(figures(0.1), figures(0.9), words("growth.gateway-1.fit"))).toBe("more");
});

test("what is within the spread, or too little for the clock, is the same", () => {
  expect(wordOf({}, { latencies: [{ ...latency, p99: latency.p99 * 1.09 }] }, "delivered v2 p99")).toBe("same");
  const tiny = (p50: number) => ({ latencies: [{ ...latency, p50 }] });
  expect(wordOf(tiny(0.2), tiny(0.9), "delivered v2 p50")).toBe("same");
});

test("a figure that one run lacks is shown without a word", () => {
  expect(wordOf({}, { figures: [] }, "deliveries")).toBe("");
});

test.each<[string, Partial<RunReport>, string]>([
  ["other options", { options: { sockets: 4_000 } }, "other option: sockets 8000 and 4000"],
  ["another machine", { machine: { ...sampleReport().machine, cpus: 4 } }, "other machine: cpus 2 and 4"],
  ["another target", { target: { ...sampleReport().target, gateways: 3 } }, "other target: gateways 2 and 3"],
  ["other settings", { changedSettings: [] }, "other setting: LIVE_CHAT_MAX_MESSAGES_PER_USER_PER_MINUTE 0 and not set"],
  ["a void run", { void: "the generator was the bottleneck" }, "run B is void: the generator was the bottleneck"],
  ["a run that is not clean", { certificate: dirtyCertificate() }, "the certificate of run B is not clean"],
])("%s is told, and no word given", (_, changes, obstacle) => {
  const { obstacles, sections } = compareReports(sampleReport(), sampleReport(changes));
  expect(obstacles).toContain(obstacle);
  expect(new Set(sections.flatMap(({ rows }) => rows.map(({ word }) => word)))).toEqual(new Set([""]));
});

test("an option that one run is too old for is as it is by default there: told where the other has something else", () => {
  const older = sampleReport();
  const newer = (redisNodes: number) => sampleReport({ options: { ...older.options, redisNodes } });
  const defaults = { redisNodes: 1 };
  expect(compareReports(older, newer(1), { defaults }).obstacles).toEqual([]);
  expect(compareReports(older, newer(3), { defaults }).obstacles).toEqual(["option unknown to run A: redis nodes, 3 in B"]);
  expect(compareReports(newer(3), older, { defaults }).obstacles).toEqual(["option unknown to run B: redis nodes, 3 in A"]);
});

test("runs of two scenarios are not put side by side at all", () => {
  expect(compareReports(sampleReport(), sampleReport({ scenario: "night" }))).toEqual({
    obstacles: ["other scenarios: storm and night"],
    sections: [],
  });
});

test("the command prints, writes a page, and says by its status whether the runs can be compared", async () => {
  const dir = await mkdtemp(join(tmpdir(), "drawchat-compare-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const a = await writeReport(dir, sampleReport());
  const b = await writeReport(dir, sampleReport({ startedAt: "2026-05-02T20:00:00.000Z", latencies: [{ ...latency, p99: 200 }] }));
  const other = await writeReport(dir, sampleReport({ startedAt: "2026-05-03T20:00:00.000Z", seed: 8 }));
  const asByDefault = { ...sampleReport().options, moveSlots: 0, gateways: 2 };
  const newer = await writeReport(dir, sampleReport({ startedAt: "2026-05-04T20:00:00.000Z", options: asByDefault }));
  const html = join(dir, "out.html");
  let printed = "";
  const run = (...args: string[]) => compareCommand(args, (text) => (printed += text));
  expect(await run(a, b, "--html", html)).toBe(0);
  expect(printed).toMatch(/delivered v2 p99 +88\.3 ms +200 ms +2\.27 +worse/);
  expect(await readFile(html, "utf8")).toContain('<span class="bad">worse</span>');
  expect(await run(a, other)).toBe(2);
  expect(printed).toContain("other option: seed 7 and 8");
  expect(await run(a, newer)).toBe(0);
  expect(await run("--help")).toBe(0);
  expect(await run(a)).toBe(64);
  expect(await run(a, html)).toBe(64);
  expect(await run(a, "no-such.json")).toBe(64);
  expect(printed).toContain("no-such.json");
});
