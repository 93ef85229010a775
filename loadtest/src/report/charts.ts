/** Curves put together into charts: one a title and unit, on one axis of time. */

import { median, number, quantity, words } from "./format.ts";
import { type Content, type Html, html, jsonForScript, table } from "./html.ts";
import type { RunReport, Series } from "./run-report.ts";

/** More points than a screen has columns say nothing. */
const MAX_COLUMNS = 900;
/** More curves in a chart cannot be told apart: those that reach highest are drawn, all are in its table. */
const MAX_CURVES = 12;

const TITLES: Readonly<Record<Series["group"], string>> = {
  latency: "Latency",
  rate: "Rate",
  connections: "Connections",
  cpu: "CPU",
  memory: "Memory",
  loop_delay: "Delay of the event loop",
  log_length: "Log not yet stored",
  writer_lag: "Writer's lag",
  other: "Other",
};

interface Chart {
  readonly title: string;
  readonly unit: string;
  readonly series: readonly Series[];
}

/** What the page's script draws: the axis of time in seconds, then a row of values a curve, null where it has none. */
interface ChartData {
  readonly unit: string;
  /** Names of places on the first axis, where that is not time: at 0, 1, 2 … */
  readonly places?: readonly string[];
  readonly names: readonly string[];
  readonly columns: readonly (readonly (number | null)[])[];
}

type Drawable = Pick<RunReport, "series" | "latencies">;

/** Figures with each curve's least, middle and highest in numbers, and the data that the page's script draws. */
export function chartsSection({ series, latencies }: Drawable): Html {
  const charts = chartsOf(series);
  if (charts.length === 0) return html`<p>Nothing was sampled over time.</p>`;
  const timed = latencies.filter(({ count }) => count > 0);
  const percentiles = timed.length === 0 ? [] : [{ figure: percentilesFigure(timed, charts.length), data: percentilesOf(timed) }];
  return html`<noscript><p>The curves are drawn by a script of this page; the tables say the same in numbers.</p></noscript>
<div class="charts">${[...percentiles.map(({ figure }) => figure), ...charts.map(figure)]}</div>
<script type="application/json" id="curves">${jsonForScript([...charts.map(dataOf), ...percentiles.map(({ data }) => data)])}</script>`;
}

function chartsOf(series: readonly Series[]): Chart[] {
  const order = Object.keys(TITLES);
  const shown = series.filter(({ points }) => points.length > 0).toSorted((a, b) => order.indexOf(a.group) - order.indexOf(b.group));
  const byKind = Map.groupBy(shown, (one) => `${titleOf(one)}, ${one.unit}`);
  return [...byKind.values()].flatMap((same) => {
    const [first] = same;
    return first === undefined ? [] : [{ title: titleOf(first), unit: first.unit, series: same }];
  });
}

/** Who comes back waits by plan, for up to some seconds: in one chart with messages that would make a flat line of these. */
function titleOf({ group, name }: Series): string {
  return group === "latency" && /^(re)?join\b/.test(name) ? "Latency of joins" : TITLES[group];
}

function figure({ title, unit, series }: Chart, index: number): Html {
  const name = unit === "" ? title : `${title}, ${unit}`;
  const drawn = drawnOf(series);
  const rows = series.map((one) => [words(one.name), ...extremes(one).map((value) => quantity(value, unit))]);
  const columns = [{ head: "curve" }, ...["least", "median", "highest"].map((head) => ({ head, isNumber: true }))];
  const few: Content =
    drawn.length < series.length ? html`<p class="soft">Drawn: the ${drawn.length} highest of ${series.length}.</p>` : "";
  return html`<figure>
<figcaption><h3>${name}</h3></figcaption>
<div class="plot" data-chart="${index}" role="img" aria-label="${spoken(name, series, unit)}"></div>
${few}<details><summary>Its numbers</summary>${table(`${name}: least, median and highest`, columns, rows)}</details>
</figure>`;
}

function percentilesFigure(latencies: Drawable["latencies"], index: number): Html {
  const said = latencies.map(({ name, p50, p99, max }) => `${name}: median ${number(p50)}, p99 ${number(p99)}, highest ${number(max)}`);
  return html`<figure>
<figcaption><h3>Percentiles of latency, ms</h3></figcaption>
<div class="plot" data-chart="${index}" role="img" aria-label="Percentiles of latency in milliseconds. ${said.join(". ")}."></div>
<p class="soft">The further right, the slower ones. The numbers are in the table of latencies.</p>
</figure>`;
}

/** On a scale of powers there is no 0. */
const LEAST_MS = 0.1;

function percentilesOf(latencies: Drawable["latencies"]): ChartData {
  const rows = latencies.map(({ p50, p90, p99, p999, max }) => [p50, p90, p99, p999, max].map((ms) => Math.max(LEAST_MS, ms)));
  const places = ["50 %", "90 %", "99 %", "99.9 %", "highest"];
  return { unit: "ms", places, names: latencies.map(({ name }) => name), columns: [places.map((_, n) => n), ...rows] };
}

/** What a screen reader says instead of the picture. */
function spoken(name: string, series: readonly Series[], unit: string): string {
  const curves = drawnOf(series).map((one) => {
    const [least, middle, highest] = extremes(one).map((value) => quantity(value, unit));
    return `${words(one.name)}: least ${least}, median ${middle}, highest ${highest}`;
  });
  return `${name} over time. ${curves.join(". ")}.`;
}

function extremes({ points }: Series): [least: number, middle: number, highest: number] {
  const values = points.map(([, value]) => value).toSorted((a, b) => a - b);
  return [values[0] ?? 0, median(values), values.at(-1) ?? 0];
}

function drawnOf(series: readonly Series[]): readonly Series[] {
  if (series.length <= MAX_CURVES) return series;
  const highest = series.toSorted((a, b) => extremes(b)[2] - extremes(a)[2]).slice(0, MAX_CURVES);
  return series.filter((one) => highest.includes(one));
}

/** Of several points in one column the highest is drawn: a peak must not vanish. */
function dataOf({ unit, series }: Chart): ChartData {
  const drawn = drawnOf(series);
  const end = Math.max(...drawn.map(({ points }) => points.at(-1)?.[0] ?? 0));
  const width = Math.max(end / MAX_COLUMNS, 0.25);
  const rows = drawn.map(({ points }) => {
    const row = new Map<number, number>();
    for (const [second, value] of points) {
      const column = Math.round(second / width);
      row.set(column, Math.max(value, row.get(column) ?? value));
    }
    return row;
  });
  const used = [...new Set(rows.flatMap((row) => [...row.keys()]))].toSorted((a, b) => a - b);
  return {
    unit,
    names: drawn.map(({ name }) => words(name)),
    columns: [
      used.map((column) => Math.round(column * width * 100) / 100),
      ...rows.map((row) => used.map((column) => row.get(column) ?? null)),
    ],
  };
}
