/** What a plan may claim: each run predicted from the others in turn, and the errors of that. */
import { median } from "../report/format.ts";
import type { RunReport } from "../report/run-report.ts";
import { checkRun } from "./check.ts";
import type { Costs as BenchCosts } from "./costs.ts";

export interface Honesty {
  readonly runs: number;
  /** Of all figures of all runs, without its sign. */
  readonly medianError: number;
  readonly worst: { readonly figure: string; readonly scenario: string; readonly error: number };
}

/** Undefined where there are no two runs with curves: nothing could be held out. */
export function honestyOf(reports: readonly RunReport[], bench?: BenchCosts): Honesty | undefined {
  if (reports.length < 2) return undefined;
  const checked = reports.flatMap((heldOut) =>
    checkRun(
      heldOut,
      reports.filter((report) => report !== heldOut),
      bench,
    ).map(({ figure, error }) => ({ figure, error, heldOut })),
  );
  const [worst] = checked.toSorted((a, b) => Math.abs(b.error) - Math.abs(a.error));
  if (worst === undefined) return undefined;
  return {
    runs: new Set(checked.map(({ heldOut }) => heldOut)).size,
    medianError: median(checked.map(({ error }) => Math.abs(error))),
    worst: { figure: worst.figure, scenario: worst.heldOut.scenario, error: worst.error },
  };
}
