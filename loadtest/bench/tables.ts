/** What a person reads of a benchmark. */
import type { BenchReport } from "./bench-report.ts";
import { CONTESTANTS } from "./contestants.ts";
import { type Spread, spreadOf, textOf } from "./spread.ts";
import type { Turn } from "./turn.ts";

/** The whole of it, goals last. */
export function reportText(report: BenchReport): string {
  const { machine, eventBytes } = report;
  const pinned = report.isPinned
    ? "server on core 0; client, Redis and publisher on core 1"
    : "NOT pinned: taskset is missing, server and client disturb each other";
  return [
    `${machine.model}, ${machine.cpus} cores, Linux ${machine.kernel}, ${report.startedAt}; ${pinned}`,
    `${Object.entries({ node: machine.node, redis: machine.redis, ...report.versions })
      .map(([name, version]) => `${name} ${version}`)
      .join(", ")}`,
    `an event is ${eventBytes} bytes, the same for all; figures are medians of ${report.options.turns} turns (lowest–highest)`,
    ...report.changedSettings.map(({ name, value, why }) => `changed: ${name}=${value} (${why})`),
    "",
    ...limitsTable(report),
    ...fanOutTable(report),
    ...idleTable(report),
    ...sizesTable(report),
    ...goalsTable(report),
  ].join("\n");
}

function limitsTable({ fanOut }: BenchReport): string[] {
  if (fanOut === undefined || fanOut.limits.length === 0) return [];
  const rows = fanOut.limits.map(({ contestant, messagesPerSecond, deliveriesPerSecond, cpuShare, p99Ms, endedBy }) => [
    titleOf(contestant),
    ...(messagesPerSecond === 0
      ? ["none that was tried", "–", "–", "–"]
      : [String(messagesPerSecond), thousands(deliveriesPerSecond), percent(cpuShare), ms(p99Ms)]),
    endedBy,
  ]);
  return table(["highest rate held, p99 below 200 ms", "messages/s", "deliveries/s", "core", "p99", "beyond it"], rows);
}

function fanOutTable({ fanOut, options }: BenchReport): string[] {
  if (fanOut === undefined) return [];
  const first = fanOut.rounds[0] ?? [];
  const rows = first
    .toSorted((a, b) => orderOf(a.contestant) - orderOf(b.contestant) || a.messagesPerSecond - b.messagesPerSecond)
    .map(({ contestant, messagesPerSecond }) => {
      const same = (turn: Turn) => turn.contestant === contestant && turn.messagesPerSecond === messagesPerSecond;
      return turnRow(
        titleOf(contestant),
        fanOut.rounds.flatMap((turns) => turns.filter(same)),
      );
    });
  return table([`fan-out to ${options.sockets} sockets`, ...TURN_COLUMNS], rows);
}

function sizesTable({ sizes }: BenchReport): string[] {
  const rows = (sizes[0] ?? []).map(({ sockets }) =>
    turnRow(
      `${sockets} sockets`,
      sizes.flatMap((turns) => turns.filter((turn) => turn.sockets === sockets)),
    ),
  );
  return rows.length === 0 ? [] : table(["v2 by number of sockets, tick 250 ms", ...TURN_COLUMNS], rows);
}

const TURN_COLUMNS = [
  "messages/s",
  "µs CPU a delivery",
  "deliveries/s",
  "core",
  "p50",
  "p99",
  "frames/s a socket",
  "bytes a frame",
  "client's core",
  "void",
];

function turnRow(title: string, turns: readonly Turn[]): string[] {
  const of = (pick: (turn: Turn) => number) => spreadOf(turns.map(pick)) ?? NOTHING;
  return [
    title,
    String(turns[0]?.messagesPerSecond ?? 0),
    textOf(
      of((turn) => turn.cpuMicrosPerDelivery),
      3,
    ),
    thousands(of((turn) => turn.deliveriesPerSecond).median),
    percent(of((turn) => turn.cpuShare).median),
    ms(of((turn) => turn.p50Ms).median),
    textOf(
      of((turn) => turn.p99Ms),
      0,
    ),
    of((turn) => turn.framesPerSecondAndSocket).median.toFixed(1),
    of((turn) => turn.bytesPerFrame).median.toFixed(0),
    percent(of((turn) => turn.clientCoreShare).median),
    String(turns.filter((turn) => turn.void !== undefined).length),
  ];
}

const NOTHING: Spread = { median: 0, min: 0, max: 0 };

function idleTable({ idle }: BenchReport): string[] {
  const rows = (idle[0] ?? []).map(({ contestant, sockets }) => {
    const turns = idle.flatMap((round) => round.filter((turn) => turn.contestant === contestant));
    const bytes = spreadOf(turns.map(({ bytesPerSocket }) => bytesPerSocket)) ?? NOTHING;
    const micros = spreadOf(turns.map(({ connectCpuMicros }) => connectCpuMicros)) ?? NOTHING;
    return [titleOf(contestant), String(sockets), textOf(bytes, 0), textOf(micros, 0)];
  });
  return rows.length === 0 ? [] : table(["idle sockets", "sockets", "bytes each", "µs CPU to come in"], rows);
}

function goalsTable({ goals }: BenchReport): string[] {
  const rows = goals.map(({ text, spread, unit, holds, voidTurns }) => [
    text,
    `${textOf(spread, spread.median < 100 ? 2 : 0)} ${unit}`,
    `${holds ? "holds" : "does not hold"}${voidTurns > 0 ? `, ${voidTurns} turns void` : ""}`,
  ]);
  return rows.length === 0 ? [] : table(["goal", "measured", ""], rows);
}

/** First column to the left, the others to the right; an empty line behind. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ")
      .trimEnd();
  return [line(head), widths.map((width) => "-".repeat(width)).join("  "), ...rows.map(line), ""];
}

const orderOf = (name: string) => CONTESTANTS.findIndex((contestant) => contestant.name === name);
const titleOf = (name: string) => CONTESTANTS.find((contestant) => contestant.name === name)?.title ?? name;
const percent = (share: number) => `${Math.round(share * 100)} %`;
const ms = (value: number) => `${Math.round(value)} ms`;
const thousands = (value: number) => `${(value / 1_000).toFixed(value < 100_000 ? 1 : 0)} k`;
