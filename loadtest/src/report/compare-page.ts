/** A comparison as one self-contained page. */
import { chartsSection } from "./charts.ts";
import { type Comparison, comparisonSummary } from "./compare.ts";
import { type ComparedRun, rowCells } from "./compare-text.ts";
import { moment } from "./format.ts";
import { type Content, type Html, html, table } from "./html.ts";
import { wholePage } from "./page.ts";
import type { RunReport } from "./run-report.ts";
import { verdictOf } from "./verdict.ts";

const COLUMNS = [{ head: "figure" }, ...["A", "B", "B / A"].map((head) => ({ head, isNumber: true })), { head: "B is" }];
const COLOURS: Readonly<Record<string, string>> = { better: "good", worse: "bad" };
/** Where both runs in one chart say something. */
const GROUPS: readonly string[] = ["latency", "rate", "connections", "cpu", "loop_delay", "writer_lag"];

export function comparisonPage(comparison: Comparison, { a, b }: { a: ComparedRun; b: ComparedRun }, spread: number): string {
  const { obstacles, sections } = comparison;
  const tables = sections.map(({ title, rows }) => {
    const cells = rows.map((row): Content[] => {
      const told = rowCells(row);
      return [...told.slice(0, -1), html`<span class="${COLOURS[row.word] ?? "soft"}">${row.word || "–"}</span>`];
    });
    return html`<section><h2>${title}</h2>${table(`${title} of both runs`, COLUMNS, cells)}</section>`;
  });
  return wholePage(
    `${a.report.scenario}: two runs compared`,
    html`<header class="${obstacles.length > 0 ? "void" : "unchecked"}">
<p class="soft">drawchat load runs compared</p>
<h1>${comparisonSummary(comparison, spread)}</h1>
${obstacles.length === 0 ? "" : html`<ul>${obstacles.map((obstacle) => html`<li>${obstacle}</li>\n`)}</ul>`}
${runLine("A", a)}
${runLine("B", b)}</header>
${tables}
<section><h2>Over time</h2>${chartsSection({
      series: [...marked("A", a.report), ...marked("B", b.report)],
      latencies: [a, b].flatMap(({ report }, n) =>
        report.latencies.map((latency) => ({ ...latency, name: `${"AB"[n] ?? ""} ${latency.name}` })),
      ),
    })}</section>`,
  );
}

function runLine(letter: string, { file, report }: ComparedRun): Html {
  return html`<p><strong>${letter}</strong>: ${file}, ${report.scenario}, ${moment(report.startedAt)}. ${verdictOf(report).headline}.</p>`;
}

function marked(letter: string, { series }: RunReport): RunReport["series"] {
  return series.filter(({ group }) => GROUPS.includes(group)).map((one) => ({ ...one, name: `${letter} ${one.name}` }));
}
