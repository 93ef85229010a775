/** One self-contained page: style, script and data are in it, and its policy forbids it every request. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { certificateSection } from "./certificate-section.ts";
import { chartsSection } from "./charts.ts";
import { moment } from "./format.ts";
import { type Html, html, markup } from "./html.ts";
import type { RunReport } from "./run-report.ts";
import {
  costsSection,
  figuresSection,
  headline,
  latenciesSection,
  repeatSection,
  settingsSection,
  stepsSection,
  whatWasRun,
} from "./sections.ts";
import { verdictOf } from "./verdict.ts";

const uplot = createRequire(import.meta.url).resolve("uplot/dist/uPlot.iife.min.js");
const uplotStyle = readFileSync(uplot.replace("iife.min.js", "min.css"), "utf8");
const ownFile = (name: string) => readFileSync(new URL(name, import.meta.url), "utf8");

/** The whole page of a report. */
export function reportPage(report: RunReport): string {
  const title = `${report.scenario}, ${moment(report.startedAt)}`;
  return wholePage(
    title,
    html`${headline(report, verdictOf(report))}
${whatWasRun(report)}
${figuresSection(report)}
${certificateSection(report.certificate)}
${latenciesSection(report)}
${stepsSection(report)}
<section><h2>Over time</h2>${chartsSection(report)}</section>
${costsSection(report)}
${settingsSection(report)}
${repeatSection(report)}`,
  );
}

export async function writeReportPage(path: string, report: RunReport): Promise<void> {
  await writeFile(path, reportPage(report));
}

/** `main` in a page with our style and the script that draws its charts. */
export function wholePage(title: string, main: Html): string {
  const script = `${readFileSync(uplot, "utf8")}\n${ownFile("page-charts.js")}`;
  const hash = createHash("sha256").update(script).digest("base64");
  // Only this very script runs, whatever a report's texts may hold. The charts set styles by themselves.
  const policy = `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${markup(uplotStyle)}${markup(ownFile("page.css"))}</style>
</head>
<body>
<main>
${main}
</main>
<script>${markup(script)}</script>
</body>
</html>
`.text;
}
