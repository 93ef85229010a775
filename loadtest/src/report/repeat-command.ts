/** The command that runs a report's scenario again, ready to be pasted into a shell. */
import type { RunReport } from "./run-report.ts";

/** Options that were off are left out: off is what they are without being named. */
export function repeatCommand({ scenario, options, seed }: Pick<RunReport, "scenario" | "options" | "seed">): string {
  const all: RunReport["options"] = { ...options, seed };
  const args = Object.entries(all).flatMap(([name, value]) => {
    const option = `--${name.replace(/[A-Z]/g, (upper) => `-${upper.toLowerCase()}`)}`;
    if (typeof value === "boolean") return value ? [option] : [];
    return value === "" ? [] : [`${option} ${quoted(String(value))}`];
  });
  return ["npm run load --", scenario, ...args].join(" ");
}

function quoted(text: string): string {
  return /^[\w./:=,@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
