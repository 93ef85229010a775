/** A comparison for the terminal. */
import { type Comparison, comparisonSummary, type Row } from "./compare.ts";
import { moment, quantity } from "./format.ts";
import type { RunReport } from "./run-report.ts";

export interface ComparedRun {
  readonly file: string;
  readonly report: RunReport;
}

const HEAD = ["", "A", "B", "B / A", ""];

export function comparisonText(comparison: Comparison, runs: { a: ComparedRun; b: ComparedRun }, spread: number): string {
  const lines = [`A: ${told(runs.a)}`, `B: ${told(runs.b)}`, ""];
  for (const { title, rows } of comparison.sections) lines.push(...aligned([[title, ...HEAD.slice(1)], ...rows.map(rowCells)]), "");
  lines.push(`${comparisonSummary(comparison, spread)}.`, ...comparison.obstacles.map((obstacle) => `  ${obstacle}`));
  return `${lines.join("\n")}\n`;
}

function told({ file, report }: ComparedRun): string {
  return `${file}, ${report.scenario}, ${moment(report.startedAt)}`;
}

export function rowCells({ name, unit, a, b, ratio, word }: Row): string[] {
  const value = (figure: number | undefined) => (figure === undefined ? "–" : quantity(figure, unit));
  return [name, value(a), value(b), ratio === undefined ? "–" : ratio.toFixed(2), word];
}

/** The first and the last column to the left, what is between to the right. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, n) => (n === 0 || n === row.length - 1 ? cell.padEnd(widths[n] ?? 0) : cell.padStart(widths[n] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}
