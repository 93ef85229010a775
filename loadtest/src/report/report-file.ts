/** Reports on disk: written as `<scenario>-<time>.json`, read back only where they are what they claim to be. */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import Compile from "typebox/compile";
import { RunReport } from "./run-report.ts";

const MAX_PROBLEMS = 5;
const schema = Compile(RunReport);

/** A file that is no report; the message names it and what is wrong where. */
export class ReportError extends Error {
  constructor(file: string, problems: readonly string[]) {
    super(`${file} is not the report of a load run:\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
    this.name = "ReportError";
  }
}

/** A ReportError names the first wrong fields. `file` is for the message alone. */
export function parseReport(json: string, file: string): RunReport {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch (error) {
    throw new ReportError(file, [`no JSON: ${error instanceof Error ? error.message : String(error)}`]);
  }
  if (schema.Check(parsed)) return parsed;
  const problems = [...schema.Errors(parsed)].map(({ instancePath, message }) => `${instancePath || "the file"} ${message}`);
  const more = problems.length - MAX_PROBLEMS;
  throw new ReportError(file, more > 0 ? [...problems.slice(0, MAX_PROBLEMS), `and ${more} more`] : problems);
}

/** Rejects with a ReportError, or with what the file system says. */
export async function readReport(path: string): Promise<RunReport> {
  return parseReport(await readFile(path, "utf8"), path);
}

export interface NamedReport {
  readonly file: string;
  readonly report: RunReport;
}

/**
 * Every report in a folder, the oldest first; one that is not there has none. `onProblem` is told of each other JSON file: it
 * is passed over.
 */
export async function readReports(folder: string, onProblem: (problem: string) => void): Promise<NamedReport[]> {
  const found: NamedReport[] = [];
  for (const name of (await namesIn(folder)).filter((file) => file.endsWith(".json"))) {
    const file = join(folder, name);
    try {
      found.push({ file, report: await readReport(file) });
    } catch (error) {
      if (!(error instanceof ReportError)) throw error;
      onProblem(error.message);
    }
  }
  return found.toSorted((a, b) => a.report.startedAt.localeCompare(b.report.startedAt));
}

async function namesIn(folder: string): Promise<string[]> {
  return await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
}

/**
 * Makes the folder and writes the report; resolves with the path. A number that JSON has no word for (NaN) is a
 * ReportError, thrown after the file is there, so that a run is not lost over it.
 */
export async function writeReport(folder: string, report: RunReport): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${reportName(report)}.json`);
  const json = `${JSON.stringify(report, null, 1)}\n`;
  await writeFile(path, json);
  parseReport(json, basename(path));
  return path;
}

/** `storm-2026-05-01T20-00-00Z`: sorts by time, and is a file name on every system. */
export function reportName({ scenario, startedAt }: Pick<RunReport, "scenario" | "startedAt">): string {
  return `${scenario}-${startedAt.replace(/\.\d+/, "").replaceAll(":", "-")}`;
}
