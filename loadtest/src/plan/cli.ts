/** `npm run plan -- --viewers 1000000 …`: what a night needs, from what runs on this machine measured. */
import { parseArgs } from "node:util";
import { ReportError, readReport } from "../report/report-file.ts";
import { type Basis, readBasis } from "./basis.ts";
import { checkRun, eventBytesFor } from "./check.ts";
import { honestyOf } from "./honesty.ts";
import { limitsOf } from "./limits.ts";
import { learnCosts, type MachineCosts } from "./machine-costs.ts";
import type { NightAsked } from "./night-load.ts";
import { type Asked, OPTIONS, parseNight, USAGE } from "./options.ts";
import { checkText, type Plan, planText, sampledRate } from "./plan-text.ts";
import { type Hardware, sizeNight } from "./sizing.ts";

const EXIT_USAGE = 64;

function print(text: string): void {
  process.stdout.write(text);
}

function ask(): Asked | string {
  try {
    return parseNight(parseArgs({ options: OPTIONS }).values);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function run(asked: Asked): Promise<void> {
  const basis = await readBasis(asked.from, asked.check);
  for (const note of basis.notes) process.stderr.write(`passed over: ${note}\n`);
  if (basis.reports.length === 0 && basis.bench === undefined) {
    throw new ReportError(asked.from, ["no runs that count: make some with `npm run load -- fanout` and `npm run load -- storm`"]);
  }
  const reports = basis.reports.map(({ report }) => report);
  if (asked.check !== undefined) {
    print(checkText(asked.check, checkRun(await readReport(asked.check), reports, basis.bench)));
    return;
  }
  if (asked.night === undefined) throw new Error("parseNight lets nothing through without a night or a check");
  const plan = planFor(asked.night, asked.hardware, basis);
  print(asked.isJson ? `${JSON.stringify(plan, null, 1)}\n` : planText(plan));
}

function planFor(night: NightAsked, hardware: Hardware, { reports, bench, machine }: Basis): Plan {
  const all = reports.map(({ report }) => report);
  const costs = learnCosts(all, bench);
  const eventBytes = eventBytesFor({ options: { textBytes: night.textBytes } }, costs);
  const sizing = sizeNight(night, hardware, costs, eventBytes);
  return {
    night,
    hardware,
    costs,
    sizing,
    limits: limitsOf(night, hardware, costs, { sizing, eventBytes }),
    honesty: honestyOf(all, bench),
    basis: `${machine}; ${all.length} runs${bench === undefined ? "" : " and costs.json"}`,
    sampled: sampledPlan(night, hardware, costs, eventBytes),
  };
}

function sampledPlan(night: NightAsked, hardware: Hardware, costs: MachineCosts, eventBytes: number | undefined): Plan["sampled"] {
  const rate = sampledRate(night);
  if (rate === undefined) return undefined;
  const { gateways } = sizeNight({ ...night, sampleAbove: rate }, hardware, costs, eventBytes);
  return gateways === undefined ? undefined : { rate, gateways };
}

const asked = ask();
if (typeof asked === "string") {
  print(asked === "" ? USAGE : `${asked}\n\n${USAGE}`);
  process.exitCode = asked === "" ? 0 : EXIT_USAGE;
} else {
  try {
    await run(asked);
  } catch (error) {
    if (!(error instanceof ReportError || (error instanceof Error && "syscall" in error))) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = EXIT_USAGE;
  }
}
