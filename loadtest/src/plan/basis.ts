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
  readonly machine: string;
  /** What was passed over, and why. */
  readonly notes: readonly string[];
}

const COSTS_FILE = "costs.json";
/** What `npm run bench` writes beside runs: read as costs, or not at all. */
const OF_BENCH = [COSTS_FILE, "bench-"];
const costsSchema = Compile(Costs);

/** Runs that count, of the machine that ran last, with curves of a gateway. Rejects where the folder cannot be read. */
export async function readBasis(folder: string, except?: string): Promise<Basis> {
  const notes: string[] = [];
  const found = await readReports(folder, (problem) => {
    if (!OF_BENCH.some((name) => problem.startsWith(join(folder, name)))) notes.push((problem.split("\n")[0] ?? problem).replace(/:$/, ""));
  });
  const bench = await readCosts(join(folder, COSTS_FILE), notes);
  const counting = found.filter(({ file, report }) => {
    const why = report.void !== undefined ? "is void" : gatewaysOf(report).length === 0 ? "has no curves of a gateway" : undefined;
    if (why !== undefined) notes.push(`${file} ${why}`);
    return why === undefined && (except === undefined || resolve(file) !== resolve(except));
  });
  const machine = bench?.machine ?? counting.at(-1)?.report.machine;
  const isOfMachine = ({ cpus, model }: { cpus: number; model: string }) => cpus === machine?.cpus && model === machine.model;
  const others = counting.filter(({ report }) => !isOfMachine(report.machine));
  notes.push(...others.map(({ file }) => `${file} is of another machine`));
  return {
    reports: counting.filter(({ report }) => isOfMachine(report.machine)),
    bench,
    machine: machine === undefined ? "none" : `${machine.cpus} cores, ${machine.model}`,
    notes,
  };
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
