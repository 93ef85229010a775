/** `npm run load -- <scenario> [options]`: runs it, writes its report, prints what it proves. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Env } from "@drawchat/runtime/env";
import { OptionReader, type OptionValues, parseOptions, UsageError, usageText } from "./command/option-reader.ts";
import { SCENARIOS, type Scenario } from "./command/scenarios.ts";
import { watchSignals } from "./command/signals.ts";
import { readTarget, TARGET_OPTIONS, TARGET_USAGE } from "./command/target-options.ts";
import { Terminal } from "./command/terminal.ts";
import { certificateText } from "./ledger/certificate-text.ts";
import { compareCommand } from "./report/compare-command.ts";
import { writeReportPage } from "./report/page.ts";
import { reportName, writeReport } from "./report/report-file.ts";
import type { RunReport } from "./report/run-report.ts";
import { verdictOf } from "./report/verdict.ts";
import type { Target } from "./target/target.ts";

const EXIT = { "not clean": 1, void: 2, clean: 0, unchecked: 0, usage: 64, failed: 70, interrupted: 130 } as const;

const USAGE = `usage: npm run load -- <scenario> [options]
       npm run load -- compare <a.json> <b.json>

Plays a crowd over real sockets, and says what became of each message. Scenarios: ${[...SCENARIOS.keys()].join(", ")};
what each proves, and how to read what comes out: docs/load.md.

  --seed <n>     the same seed plans the same run; default any, and printed
  --out <folder> of the reports; default load-reports
  --help         also of one scenario: npm run load -- night --help

${TARGET_USAGE}
Exit status: 0 clean, 1 not clean (also where it is void), 2 void, 64 wrong usage, 70 the run could not be made, 130 interrupted
(a soak ends with its period and its report at a first Ctrl-C).
`;

// Who reads only the beginning (`| head`) has what they want: the run goes on, and its report is written.
process.stdout.on("error", () => undefined);

function print(text: string): void {
  process.stdout.write(text);
}

function parse(scenario: Scenario, args: readonly string[]): OptionValues {
  const own = Object.fromEntries(scenario.options.map((name) => [name, { type: "string" } as const]));
  const common = { seed: { type: "string" }, out: { type: "string" }, help: { type: "boolean", short: "h" } } as const;
  return parseOptions(args, { ...TARGET_OPTIONS, ...common, ...own });
}

/** Resolves with the exit status. */
async function load(scenario: Scenario, args: readonly string[]): Promise<number> {
  const values = parse(scenario, args);
  if (values.help === true) {
    print(`${scenario.usage}\n${USAGE}`);
    return EXIT.clean;
  }
  const options = new OptionReader(values);
  const { needs, run } = scenario.prepare(options);
  const open = readTarget(options, needs, new Env(process.env));
  const folder = options.optional("out") ?? "load-reports";
  options.finish();
  await mkdir(folder, { recursive: true }); // a folder that cannot be written to is told before the run, not after it
  const opening = open((what) => terminal.tell(what));
  const ending = new AbortController();
  let isPlaying = false;
  endWithSignals(opening, ending, () => isPlaying && scenario.hasPeriods === true);
  const target = await opening;
  if (isInterrupted) return EXIT.interrupted;
  isPlaying = true;
  try {
    const [onProgress, onLive] = [(what: string) => terminal.tell(what), (what: string) => terminal.show(what)];
    const stage = { target, onProgress, onLive, ending: ending.signal };
    const report = { ...(await run(stage)), options: options.resolved };
    terminal.stop();
    return await tell(report, folder);
  } finally {
    terminal.stop();
    await target.stop();
  }
}

const terminal = new Terminal();
let isInterrupted = false;

/** What the run started must not outlive it, also where it is still starting. */
function endWithSignals(opening: Promise<Target>, ending: AbortController, canEndEarly: () => boolean): void {
  watchSignals({
    canEndEarly: () => canEndEarly() && !ending.signal.aborted,
    endEarly: () => {
      terminal.tell("interrupted: this period is the last one, then comes the report; Ctrl-C again stops at once, without one");
      ending.abort();
    },
    stop: () => {
      isInterrupted = true;
      terminal.tell("interrupted: everything that was started stops");
      terminal.stop();
      void opening
        .then((target) => target.stop())
        .catch(() => undefined)
        .finally(() => process.exit(EXIT.interrupted));
    },
    hurry: () => process.exit(EXIT.interrupted), // the guards of what it started stop that
  });
}

async function tell(report: RunReport, folder: string): Promise<number> {
  const json = await writeReport(folder, report);
  const page = join(folder, `${reportName(report)}.html`);
  await writeReportPage(page, report);
  if (report.certificate !== undefined) print(`\n${certificateText(report.certificate)}`);
  const { kind, headline, sentences } = verdictOf(report);
  print(`\n${headline}\n${sentences.map((sentence) => `  ${sentence}\n`).join("")}`);
  for (const { name, value, why } of report.changedSettings) print(`  changed: ${name}=${value} (${why})\n`);
  for (const note of report.notes) print(`  note: ${note}\n`);
  print(`  seed ${report.seed}; ${json}, ${page}\n`);
  return EXIT[kind];
}

const [name = "", ...args] = process.argv.slice(2);
const scenario = SCENARIOS.get(name);
try {
  if (name === "compare") process.exitCode = await compareCommand(args, print);
  else if (scenario !== undefined) process.exitCode = await load(scenario, args);
  else {
    const wantsHelp = name === "--help" || name === "-h";
    print(name === "" || wantsHelp ? USAGE : `there is no scenario "${name}"\n\n${USAGE}`);
    process.exitCode = wantsHelp ? EXIT.clean : EXIT.usage;
  }
} catch (error) {
  // What an interrupted run then misses is no news: the handler of the signal ends the process.
  if (error instanceof UsageError) process.stderr.write(usageText(error, `load -- ${name}`));
  else if (!isInterrupted) process.stderr.write(`the run could not be made: ${reasonsOf(error)}\n`);
  process.exitCode = error instanceof UsageError ? EXIT.usage : EXIT.failed;
}

/** With what caused it, a line each. */
function reasonsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}\n  ${reasonsOf(error.cause)}`;
}
