/** The report of a run over sockets: what every scenario tells alike, around what only it has to tell. */
import { cpus, release, totalmem } from "node:os";
import type { GeneratorHealth } from "../generator/fleet-totals.ts";
import { NAMED, type NamedCounts } from "../generator/tally.ts";
import { count, number } from "../report/format.ts";
import type { RunReport } from "../report/run-report.ts";
import type { SlotMoves } from "../target/slot-mover.ts";
import type { Target } from "../target/target.ts";
import type { RunEnd } from "./staged-run.ts";

export interface OwnPart extends Pick<RunReport, "scenario" | "seed" | "options"> {
  /** They stand before those that were collected. */
  readonly figures: RunReport["figures"];
  readonly certificate: RunReport["certificate"];
  readonly faults?: string[];
  readonly notes?: readonly string[];
  /** Default: the phases of the run. */
  readonly steps?: RunReport["steps"];
  /** Default: those of the sockets. */
  readonly latencies?: RunReport["latencies"];
  /** Of what asked; default: the sockets' processes. */
  readonly health?: GeneratorHealth;
}

/** A fault where sockets are not in: they hear nothing, and no hop of a certificate misses them. */
export function absence(joined: number, sockets: number, when: string): string[] {
  return joined >= sockets ? [] : [`${sockets - joined} of ${sockets} sockets were not in ${when}`];
}

export function reportOf(end: RunEnd, own: OwnPart): RunReport {
  const { collected } = end;
  const { health = end.health, certificate } = own;
  const moves = end.target.slotMoves?.();
  return {
    format: 1,
    scenario: own.scenario,
    startedAt: end.startedAt.toISOString(),
    seconds: Math.round(end.seconds * 10) / 10,
    seed: own.seed,
    options: own.options,
    ...placeOf(end.target),
    ...(health.void === undefined ? {} : { void: health.void }),
    generator: {
      processes: health.processes,
      maxCpuShare: health.maxCpuShare,
      loopDelayP99Ms: health.loopDelayP99Ms,
      sentLate: health.sentLate,
    },
    figures: [...own.figures, ...(moves === undefined ? [] : moveFigures(moves)), ...collected.figures],
    latencies: own.latencies ?? end.latencies,
    steps: own.steps ?? end.steps,
    processes: collected.processes,
    series: collected.series,
    ...(certificate === undefined ? {} : { certificate }),
    faults: [...silence(end, certificate), ...(own.faults ?? [])],
    notes: [...(own.notes ?? []), ...(moves === undefined ? [] : [moveNote(moves)]), ...collected.notes, ...namedNotes(end.named)],
  };
}

/** Where everything was refused, or nobody was there, each hop is clean and nothing is proved. */
function silence({ counts: { planned } }: RunEnd, certificate: RunReport["certificate"]): string[] {
  const hops = certificate?.rooms.flatMap((room) => room.hops) ?? [];
  const accepted = hops.reduce((sum, { hop, once, disordered }) => sum + (hop === "accepted" ? once + disordered : 0), 0);
  if (certificate === undefined || planned === 0 || accepted > 0) return [];
  return [`none of the messages that were due was accepted: ${number(planned)}`];
}

function moveFigures({ slots, moves }: SlotMoves): RunReport["figures"] {
  return [
    { name: "slotsMoved", value: slots, unit: "slots" },
    { name: "slotMoves", value: moves, unit: "moves" },
  ];
}

function moveNote({ everyMs, slots, moves }: SlotMoves): string {
  const times = `${count(slots, "slot")} of the Redis Cluster moved to the next node ${count(moves, "time")} in all`;
  return `${times}: one ${number(everyMs / 1_000)} s after the one before`;
}

/** Where a run was. */
function placeOf({ about, changedSettings, versions }: Target): Pick<RunReport, "target" | "machine" | "changedSettings"> {
  const [cpu] = cpus();
  return {
    target: about,
    machine: {
      cpus: cpus().length,
      model: cpu?.model ?? "",
      memoryBytes: totalmem(),
      kernel: release(),
      node: process.version,
      ...versions,
    },
    changedSettings: [...changedSettings],
  };
}

/** Close codes, refusals, errors: what servers and network said, with how often. */
function namedNotes(named: NamedCounts): string[] {
  return NAMED.flatMap((what) => {
    const counts = Object.entries(named[what]);
    return counts.length === 0 ? [] : [`${what}: ${counts.map(([name, count]) => `${name} ${count} times`).join(", ")}`];
  });
}
