/** The parts of a report's page that are text and tables. */

import { isCounted } from "./counted.ts";
import { bytes, count, moment, number, percent, quantity, seconds, words } from "./format.ts";
import { type Content, type Html, html, table } from "./html.ts";
import { repeatCommand } from "./repeat-command.ts";
import type { RunReport } from "./run-report.ts";
import type { Verdict } from "./verdict.ts";

const numbers = (heads: readonly string[]) => heads.map((head) => ({ head, isNumber: true }));

/** Name and value, one under the other on a phone. */
function definitions(pairs: readonly (readonly [string, Content])[]): Html {
  return html`<dl>${pairs.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>\n`)}</dl>`;
}

export function headline(report: RunReport, { kind, headline, sentences }: Verdict): Html {
  const { scenario, startedAt } = report;
  return html`<header class="${kind.replace(" ", "-")}">
<p class="soft">drawchat load run · ${scenario} · ${moment(startedAt)} · ${seconds(report.seconds)}</p>
<h1>${headline}</h1>
${sentences.map((sentence) => html`<p>${sentence}</p>\n`)}</header>`;
}

export function whatWasRun(report: RunReport): Html {
  const { target, machine, generator } = report;
  const own = `a cluster of its own: ${count(target.gateways, "gateway")}, balancer ${target.balancer}`;
  const options = Object.entries(report.options).map(([name, value]) => html`<span class="option">${words(name)} ${String(value)}</span> `);
  return html`<section><h2>What was run, on what</h2>${definitions([
    ["Scenario", html`${report.scenario}, seed ${report.seed}`],
    ["Options", options.length === 0 ? "none" : options],
    ["Target", target.kind === "own" ? own : `${target.url}, balancer ${target.balancer}`],
    ["Machine", `${count(machine.cpus, "core")}, ${machine.model}, ${bytes(machine.memoryBytes)}`],
    ["Versions", `kernel ${machine.kernel}, Node ${machine.node}, Redis ${machine.redis}, Postgres ${machine.postgres}`],
    [
      "Generator",
      `${count(generator.processes, "process", "processes")}, at most ${percent(generator.maxCpuShare)} of a core, ` +
        `its loop ${number(generator.loopDelayP99Ms)} ms late at p99, ${count(generator.sentLate, "message")} sent late`,
    ],
  ])}</section>`;
}

/** What the scenario tells of itself; what its processes counted has a table of its own. */
export function figuresSection({ figures }: RunReport): Html {
  const own = figures.filter((figure) => !isCounted(figure));
  if (own.length === 0) return html``;
  return html`<section><h2>Figures</h2>${definitions(own.map(figure))}</section>`;
}

/** A unit that the name ends with is not said twice. */
function figure({ name, value, unit }: RunReport["figures"][number]): [string, string] {
  const told = words(name);
  return [unit !== "" && told.endsWith(` ${unit}`) ? told.slice(0, -unit.length - 1) : told, quantity(value, unit)];
}

export function latenciesSection({ latencies }: RunReport): Html {
  if (latencies.length === 0) return html``;
  const columns = [{ head: "what" }, ...numbers(["count", "p50", "p90", "p99", "p99.9", "highest"])];
  const rows = latencies.map(({ name, count, p50, p90, p99, p999, max }) => [
    name,
    number(count),
    ...[p50, p90, p99, p999, max].map(number),
  ]);
  return html`<section><h2>Latencies</h2>${table("Milliseconds, counted from the time for which each was meant", columns, rows)}</section>`;
}

export function stepsSection({ steps }: RunReport): Html {
  if (steps.length === 0) return html``;
  const names = [...new Set(steps.flatMap(({ figures }) => Object.keys(figures)))];
  const rows = steps.map(({ name, figures }) => [name, ...names.map((figure) => (figure in figures ? number(figures[figure] ?? 0) : "–"))]);
  return html`<section><h2>Steps</h2>${table("Each step and its figures", [{ head: "step" }, ...numbers(names.map(words))], rows)}</section>`;
}

export function costsSection(report: RunReport): Html {
  const { processes, figures } = report;
  if (processes.length === 0) return html``;
  const rows = processes.map(({ name, cpuSeconds, rssBytes }) => [
    name,
    number(cpuSeconds),
    percent(cpuSeconds / Math.max(1, report.seconds)),
    bytes(rssBytes),
  ]);
  const counted = figures.filter(isCounted).map(({ name, value, unit }) => [name, quantity(value, unit)]);
  const details = html`<details><summary>What the processes counted</summary>${table(
    "Counted by processes and Redis during the run",
    [{ head: "figure" }, { head: "value", isNumber: true }],
    counted,
  )}</details>`;
  return html`<section><h2>What it cost</h2>${table("CPU and memory of each process", [{ head: "process" }, ...numbers(["CPU seconds", "of a core", "highest memory"])], rows)}
${counted.length === 0 ? "" : details}</section>`;
}

export function settingsSection({ changedSettings, notes }: RunReport): Html {
  const settings = table(
    "Limits and settings that were changed for this run",
    [{ head: "setting" }, { head: "value" }, { head: "why" }],
    changedSettings.map(({ name, value, why }) => [name, value, why]),
  );
  return html`<section><h2>Changed settings</h2>${changedSettings.length === 0 ? html`<p>None: everything was as it is by default.</p>` : settings}
${notes.length === 0 ? "" : html`<h2>Notes</h2><ul>${notes.map((note) => html`<li>${note}</li>\n`)}</ul>`}</section>`;
}

export function repeatSection(report: RunReport): Html {
  return html`<section><h2>Repeat it</h2><pre>${repeatCommand(report)}</pre>
<p class="soft">The same seed sends the same things. Times differ with what else the machine does.</p></section>`;
}
