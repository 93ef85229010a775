/** `npm run plan`: reads what was measured, and prints a plan, or how far the plan is off. */
import { parseOptions, UsageError, usageText } from "../command/option-reader.ts";
import { count } from "../report/format.ts";
import { ReportError, readReport } from "../report/report-file.ts";
import { type Basis, machineWords, readBasis } from "./basis.ts";
import { checkRun, eventBytesFor } from "./check.ts";
import { honestyOf } from "./honesty.ts";
import { limitsOf } from "./limits.ts";
import { learnCosts, type MachineCosts } from "./machine-costs.ts";
import type { NightAsked } from "./night-load.ts";
import { type Asked, OPTIONS, parseNight, USAGE } from "./options.ts";
import { checkText, type Plan, planText, sampledRate } from "./plan-text.ts";
import { type Hardware, sizeNight } from "./sizing.ts";

const EXIT_USAGE = 64;

interface Terminal {
  readonly print: (text: string) => void;
  /** For what is not the answer: problems, and what was passed over. */
  readonly warn: (text: string) => void;
}

/** Resolves with the exit status: 0, or 64 where the options or the folder are wrong. */
export async function planCommand(args: readonly string[], { print, warn }: Terminal): Promise<number> {
  try {
    const values = parseOptions(args, OPTIONS);
    if (values.help === true) {
      print(USAGE);
      return 0;
    }
    const asked = parseNight(values);
    const basis = await readBasis(asked.from, asked.check);
    for (const note of basis.notes) warn(`passed over: ${note}\n`);
    if (basis.reports.length === 0 && basis.bench === undefined) {
      throw new UsageError([
        `${asked.from} has no runs that count: make some with \`npm run load -- fanout\` and \`npm run load -- storm\``,
      ]);
    }
    print(await answer(asked, basis));
    return 0;
  } catch (error) {
    if (error instanceof UsageError) warn(usageText(error, "plan --"));
    else if (error instanceof ReportError || (error instanceof Error && "syscall" in error)) warn(`${error.message}\n`);
    else throw error;
    return EXIT_USAGE;
  }
}

async function answer({ night, hardware, check, isJson }: Asked, basis: Basis): Promise<string> {
  const reports = basis.reports.map(({ report }) => report);
  if (check !== undefined) {
    const heldOut = await readReport(check);
    const own = machineWords(heldOut);
    const elsewhere =
      own === basis.machine ? "" : `${check} is of another machine (${own}) than what it is predicted from (${basis.machine})\n`;
    return elsewhere + checkText(check, heldOut, checkRun(heldOut, reports, basis.bench));
  }
  if (night === undefined) return USAGE;
  const plan = planFor(night, hardware, basis);
  return isJson ? `${JSON.stringify(plan, null, 1)}\n` : planText(plan);
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
    basis: `${machine}; ${count(all.length, "run")}${bench === undefined ? "" : " and costs.json"}`,
    runs: all.length,
    sampled: sampledPlan(night, hardware, costs, eventBytes),
  };
}

function sampledPlan(night: NightAsked, hardware: Hardware, costs: MachineCosts, eventBytes: number | undefined): Plan["sampled"] {
  const rate = sampledRate(night);
  if (rate === undefined) return undefined;
  const { gateways, atLeast } = sizeNight({ ...night, sampleAbove: rate }, hardware, costs, eventBytes);
  return gateways === undefined ? undefined : { rate, gateways, isAtLeast: atLeast.includes("gateway") };
}
