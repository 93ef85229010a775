/** What a plan rests on: the reports and the benchmark's costs of one machine, read from a folder. */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import Compile from "typebox/compile";
import { readReports } from "../report/report-file.ts";
import type { RunReport } from "../report/run-report.ts";
import { Costs } from "./costs.ts";
import { gatewaysOf } from "./windows.ts";

export interface Basis {
  readonly reports: readonly { readonly file: string; readonly report: RunReport }[];
  readonly bench: Costs | undefined;
  /** As `machineWords` tells it; `none` where nothing counts. */
  readonly machine: string;
  /** What was passed over, and why. */
  readonly notes: readonly string[];
}

const COSTS_FILE = "costs.json";
/** What `npm run bench` writes beside runs: read as costs, or not at all. */
const OF_BENCH = [COSTS_FILE, "bench-"];
const costsSchema = Compile(Costs);

/** Runs that count, with curves of a gateway, and costs: of the machine that ran last. Rejects where the folder cannot be read. */
export async function readBasis(folder: string, except?: string): Promise<Basis> {
  const notes: string[] = [];
  const found = await readReports(folder, (problem) => {
    if (!OF_BENCH.some((name) => problem.startsWith(join(folder, name)))) notes.push((problem.split("\n")[0] ?? problem).replace(/:$/, ""));
  });
  const costs = await readCosts(join(folder, COSTS_FILE), notes);
  const counting = found.filter(({ file, report }) => {
    const why = report.void !== undefined ? "is void" : gatewaysOf(report).length === 0 ? "has no curves of a gateway" : undefined;
    if (why !== undefined) notes.push(`${file} ${why}`);
    return why === undefined && (except === undefined || resolve(file) !== resolve(except));
  });
  const times = [
    ...counting.map(({ report }) => ({ machine: machineWords(report), atMs: Date.parse(report.startedAt) })),
    ...(costs === undefined ? [] : [{ machine: machineWords(costs), atMs: Date.parse(costs.measuredAt) }]),
  ];
  const machine = times.toSorted((a, b) => b.atMs - a.atMs)[0]?.machine ?? "none";
  const bench = costs !== undefined && machineWords(costs) === machine ? costs : undefined;
  const reports = counting.filter(({ report }) => machineWords(report) === machine);
  const others = counting.filter((one) => !reports.includes(one)).map(({ file }) => file);
  if (costs !== bench) others.push(join(folder, COSTS_FILE));
  notes.push(...others.map((file) => `${file} is of another machine`));
  return { reports, bench, machine, notes };
}

/** Machines are told apart by it. */
export function machineWords({
  machine: { cpus, model },
}: {
  readonly machine: { readonly cpus: number; readonly model: string };
}): string {
  return `${cpus} cores, ${model}`;
}

async function readCosts(path: string, notes: string[]): Promise<Costs | undefined> {
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    if (costsSchema.Check(parsed)) return parsed;
  } catch {
    // told with the others
  }
  notes.push(`${path} is not what \`npm run bench\` writes: passed over`);
  return undefined;
}
