/** `npm run load -- compare a.json b.json [--html out.html] [--spread 10]`. */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { Env } from "@drawchat/runtime/env";
import { OptionReader } from "../command/option-reader.ts";
import { SCENARIOS } from "../command/scenarios.ts";
import { readTarget } from "../command/target-options.ts";
import { compareReports, DEFAULT_SPREAD } from "./compare.ts";
import { comparisonPage } from "./compare-page.ts";
import { comparisonText } from "./compare-text.ts";
import { ReportError, readReport } from "./report-file.ts";
import type { RunReport } from "./run-report.ts";

const COMPARE_USAGE = `usage: npm run load -- compare <a.json> <b.json> [options]

  --html <file>       writes the comparison as a page too
  --spread <percent>  differences up to this are called the same; default ${DEFAULT_SPREAD * 100}.
                      A machine that others use drifts by 30 within an hour.
`;

const EXIT_CANNOT_COMPARE = 2;
const EXIT_USAGE = 64;

interface Asked {
  readonly files: readonly [a: string, b: string];
  readonly html: string | undefined;
  readonly spread: number;
}

/** Prints the comparison; resolves with the exit status: 0, 2 where the runs cannot be compared, 64 wrong usage. */
export async function compareCommand(args: readonly string[], print: (text: string) => void): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) {
    print(COMPARE_USAGE);
    return 0;
  }
  const asked = parse(args);
  if (typeof asked === "string") {
    print(asked);
    return EXIT_USAGE;
  }
  try {
    const [a, b] = await Promise.all(asked.files.map(async (file) => ({ file, report: await readReport(file) })));
    if (a === undefined || b === undefined) return EXIT_USAGE;
    const comparison = compareReports(a.report, b.report, { spread: asked.spread, defaults: defaultsOf(a.report.scenario) });
    print(comparisonText(comparison, { a, b }, asked.spread));
    if (asked.html !== undefined) await writeFile(asked.html, comparisonPage(comparison, { a, b }, asked.spread));
    return comparison.obstacles.length === 0 ? 0 : EXIT_CANNOT_COMPARE;
  } catch (error) {
    if (!(error instanceof ReportError || (error instanceof Error && "syscall" in error))) throw error;
    print(`${error.message}\n`);
    return EXIT_USAGE;
  }
}

/** On a cluster of the run's own. */
function defaultsOf(scenario: RunReport["scenario"]): RunReport["options"] {
  const options = new OptionReader({});
  const prepared = SCENARIOS.get(scenario)?.prepare(options);
  if (prepared !== undefined) readTarget(options, prepared.needs, new Env({}));
  return options.resolved;
}

/** Text: what is wrong, with the usage. */
function parse(args: readonly string[]): Asked | string {
  try {
    const options = { html: { type: "string" }, spread: { type: "string" } } as const;
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    const [a, b, ...others] = positionals;
    const spread = values.spread === undefined ? DEFAULT_SPREAD : Number(values.spread) / 100;
    if (a === undefined || b === undefined || others.length > 0) return COMPARE_USAGE;
    if (!(spread >= 0 && spread < 1)) return `--spread is a percentage from 0 to 99\n\n${COMPARE_USAGE}`;
    return { files: [a, b], html: values.html, spread };
  } catch (error) {
    return `${error instanceof Error ? error.message : String(error)}\n\n${COMPARE_USAGE}`;
  }
}
