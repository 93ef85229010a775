/**
 * Two reports side by side. A word is given only where the runs can be compared: same scenario, options, machine, target
 * and settings, both of them counting. One run each says nothing of its spread, so that is assumed and told.
 */
import { isCounted } from "./counted.ts";
import { number, percent, words } from "./format.ts";
import type { RunReport } from "./run-report.ts";

export type Word = "better" | "worse" | "same" | "more" | "less" | "";

export interface Row {
  readonly name: string;
  readonly unit: string;
  /** Undefined: this run does not have it. */
  readonly a: number | undefined;
  readonly b: number | undefined;
  /** b / a; undefined where that is no number. */
  readonly ratio: number | undefined;
  readonly word: Word;
}

export interface Comparison {
  /** Why no word is given; empty where the runs can be compared. */
  readonly obstacles: readonly string[];
  readonly sections: readonly { readonly title: string; readonly rows: readonly Row[] }[];
}

/** A difference within this share is called the same. */
export const DEFAULT_SPREAD = 0.1;
/** Below these a difference is the clock's, whatever its share. */
const FLOORS: Readonly<Record<string, number>> = { ms: 1, s: 0.1, bytes: 1_000_000 };

/** The mean time of fewer calls says nothing. */
const LEAST_CALLS = 1_000;

const LESS_IS_BETTER =
  /ms\b|Ms$|micros|µs|seconds|cpu|bytes|delay|late|lag|lost|doubled|disorder|fail|refus|closed|drop|error|reset|repair|void|perCall|held back|\bnot\b|disagree|unanswered|findings|growth|history reads/i;
const MORE_IS_BETTER = /deliver|per ?second|\/s$|accepted|stored/i;
/** How well a line fits a growth says nothing of the growth. */
const NEITHER = /\.fit\b/;

interface Figure {
  name: string;
  unit: string;
  value: number;
}

export interface ComparisonOptions {
  /** Default: a tenth. */
  spread?: number;
  /** What the scenario's options are where none is given. Default: not known. */
  defaults?: RunReport["options"];
}

export function compareReports(a: RunReport, b: RunReport, { spread = DEFAULT_SPREAD, defaults = {} }: ComparisonOptions = {}): Comparison {
  const obstacles = obstaclesBetween(a, b, defaults);
  if (a.scenario !== b.scenario) return { obstacles, sections: [] };
  const isComparable = obstacles.length === 0;
  const rows = (of: (report: RunReport) => Figure[]) => pairs(of(a), of(b)).map((pair) => judged(pair, isComparable ? spread : undefined));
  const sections = [
    { title: "Figures", rows: rows(ownFigures) },
    { title: "Latencies", rows: rows(latencyFigures) },
    { title: "Steps", rows: rows(stepFigures) },
    { title: "Costs", rows: rows(costFigures) },
  ];
  return { obstacles, sections: sections.filter(({ rows }) => rows.length > 0) };
}

function obstaclesBetween(a: RunReport, b: RunReport, defaults: RunReport["options"]): string[] {
  if (a.scenario !== b.scenario) return [`other scenarios: ${a.scenario} and ${b.scenario}`];
  const settings = ({ changedSettings }: RunReport) => Object.fromEntries(changedSettings.map(({ name, value }) => [name, value]));
  const { url: _, ...targetA } = a.target;
  const { url: __, ...targetB } = b.target;
  return [
    ...[a, b].flatMap((report, n) => (report.void === undefined ? [] : [`run ${"AB"[n] ?? ""} is void: ${report.void}`])),
    ...[a, b].flatMap((report, n) =>
      report.certificate?.isClean === false ? [`the certificate of run ${"AB"[n] ?? ""} is not clean`] : [],
    ),
    ...[a, b].flatMap(({ faults = [] }, n) => faults.map((fault) => `run ${"AB"[n] ?? ""} has failed: ${fault}`)),
    ...otherOptions(a, b, defaults),
    ...differences("target", targetA, targetB),
    ...differences("machine", a.machine, b.machine),
    ...differences("setting", settings(a), settings(b)),
  ];
}

/** A run older than an option was as the option is by default: anything else is told as unknown to it, not as unset. */
function otherOptions(a: RunReport, b: RunReport, defaults: RunReport["options"]): string[] {
  const all = { ...a.options, ...b.options };
  const unknown = Object.entries(all).filter(([name, value]) => !(name in a.options && name in b.options) && value !== defaults[name]);
  return [
    ...differences("option", { ...all, ...a.options, seed: a.seed }, { ...all, seed: b.seed }),
    ...unknown.map(([name, value]) => {
      const [run, other] = name in a.options ? ["B", "A"] : ["A", "B"];
      return `option unknown to run ${run}: ${words(name)}, ${String(value)} in ${other}`;
    }),
  ];
}

function differences(what: string, a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): string[] {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((name) => a[name] !== b[name]);
  return names.map((name) => `other ${what}: ${words(name)} ${String(a[name] ?? "not set")} and ${String(b[name] ?? "not set")}`);
}

/** What a process counted belongs to the costs, where at all. */
function ownFigures({ figures }: RunReport): Figure[] {
  return figures.filter((figure) => !isCounted(figure)).map(({ name, unit, value }) => ({ name: words(name), unit, value }));
}

function latencyFigures({ latencies }: RunReport): Figure[] {
  return latencies.flatMap(({ name, p50, p99, p999 }) => [
    { name: `${name} p50`, unit: "ms", value: p50 },
    { name: `${name} p99`, unit: "ms", value: p99 },
    { name: `${name} p99.9`, unit: "ms", value: p999 },
  ]);
}

function stepFigures({ steps }: RunReport): Figure[] {
  return steps.flatMap(({ name, figures }) =>
    Object.entries(figures).map(([figure, value]) => ({ name: `${name}: ${words(figure)}`, unit: "", value })),
  );
}

function costFigures({ processes, figures }: RunReport): Figure[] {
  const calls = new Map(figures.map(({ name, value }) => [name, value]));
  const perCall = figures.filter(
    ({ name }) => name.endsWith(".perCall") && (calls.get(name.replace(".perCall", ".calls")) ?? 0) >= LEAST_CALLS,
  );
  return [
    ...processes.flatMap(({ name, cpuSeconds, rssBytes }) => [
      { name: `${name} CPU`, unit: "s", value: cpuSeconds },
      { name: `${name} highest memory`, unit: "bytes", value: rssBytes },
    ]),
    ...perCall,
  ];
}

type Pair = Pick<Row, "name" | "unit" | "a" | "b">;

function pairs(a: readonly Figure[], b: readonly Figure[]): Pair[] {
  const byName = new Map<string, Pair>(a.map(({ name, unit, value }) => [name, { name, unit, a: value, b: undefined }]));
  for (const { name, unit, value } of b) byName.set(name, { name, unit, a: byName.get(name)?.a, b: value });
  return [...byName.values()];
}

function judged(pair: Pair, spread: number | undefined): Row {
  const { a, b } = pair;
  if (a === undefined || b === undefined) return { ...pair, ratio: undefined, word: "" };
  return { ...pair, ratio: a === 0 ? undefined : b / a, word: spread === undefined ? "" : wordFor({ ...pair, a, b }, spread) };
}

function wordFor({ name, unit, a, b }: { name: string; unit: string; a: number; b: number }, spread: number): Word {
  const difference = Math.abs(b - a);
  if (difference <= spread * Math.max(Math.abs(a), Math.abs(b)) || difference <= (FLOORS[unit] ?? 0)) return "same";
  const isMore = b > a;
  const told = `${name} ${unit}`;
  if (NEITHER.test(told)) return isMore ? "more" : "less";
  if (LESS_IS_BETTER.test(told) || unit === "s" || unit === "ms") return isMore ? "worse" : "better";
  if (MORE_IS_BETTER.test(told)) return isMore ? "better" : "worse";
  return isMore ? "more" : "less";
}

/** One sentence of what a reader may conclude. */
export function comparisonSummary({ obstacles, sections }: Comparison, spread = DEFAULT_SPREAD): string {
  if (obstacles.length > 0) return "These two runs cannot be compared";
  const all = sections.flatMap(({ rows }) => rows);
  const tally = (word: Word) => all.filter((row) => row.word === word).length;
  return `${number(tally("better"))} better, ${number(tally("worse"))} worse, ${number(tally("same"))} the same within ${percent(spread)}`;
}
