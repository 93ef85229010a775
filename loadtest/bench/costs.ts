/** Out of a benchmark what a plan needs: see src/plan/costs.ts. */
import type { Costs, GatewayPoint } from "../src/plan/costs.ts";
import type { BenchReport } from "./bench-report.ts";
import { hasArrays } from "./fan-out.ts";
import { spreadOf } from "./spread.ts";
import type { Turn } from "./turn.ts";

/** Undefined where a chapter is missing, or drawchat v2 was not measured. */
export function costsOf({ fanOut, idle, sizes, startedAt, machine, eventBytes }: BenchReport): Costs | undefined {
  const idleTurns = idle.flat().filter(({ contestant }) => contestant === "v2");
  const limit = fanOut?.limits.find(({ contestant }) => contestant === "v2");
  if (fanOut === undefined || limit === undefined || idleTurns.length === 0) return undefined;
  const turns = fanOut.rounds.flat();
  const ours = turns.filter(({ contestant }) => contestant === "v2" || contestant === "v1");
  const accepting = turns.filter(({ contestant }) => hasArrays(contestant) || contestant.endsWith("v1"));
  return {
    format: 1,
    measuredAt: startedAt,
    machine,
    eventBytes,
    gateway: {
      points: [
        ...grouped(
          [...ours, ...sizes.flat()],
          ({ contestant, sockets, messagesPerSecond }) => `${contestant} ${sockets} ${messagesPerSecond}`,
        ),
      ].map(pointOf),
      maxDeliveriesPerSecond: limit.deliveriesPerSecond,
      idleBytesPerSocket: median(idleTurns.map(({ bytesPerSocket }) => bytesPerSocket)),
      connectCpuMicros: median(idleTurns.map(({ connectCpuMicros }) => connectCpuMicros)),
    },
    redis: {
      points: [...grouped(accepting, ({ messagesPerSecond }) => String(messagesPerSecond))].map((same) => ({
        messagesPerSecond: same[0]?.messagesPerSecond ?? 0,
        cpuMicrosPerMessage: median(same.map(({ redisCpuMicrosPerMessage }) => redisCpuMicrosPerMessage)),
      })),
    },
  };
}

/** Void turns are left out where others are there. */
function* grouped(turns: readonly Turn[], keyOf: (turn: Turn) => string): Iterable<readonly Turn[]> {
  for (const same of Map.groupBy(turns, keyOf).values()) {
    const counting = same.filter((turn) => turn.void === undefined);
    yield counting.length > 0 ? counting : same;
  }
}

function pointOf(same: readonly Turn[]): GatewayPoint {
  const of = (pick: (turn: Turn) => number) => median(same.map(pick));
  return {
    version: same[0]?.contestant === "v1" ? 1 : 2,
    sockets: of((turn) => turn.sockets),
    messagesPerSecond: of((turn) => turn.deliveriesPerSecond / turn.sockets),
    framesPerSecondAndSocket: of((turn) => turn.framesPerSecondAndSocket),
    bytesPerFrame: of((turn) => turn.bytesPerFrame),
    cpuMicrosPerDelivery: of((turn) => turn.cpuMicrosPerDelivery),
    cpuShare: of((turn) => turn.cpuShare),
    p99Ms: of((turn) => turn.p99Ms),
  };
}

const median = (values: readonly number[]) => spreadOf(values)?.median ?? 0;
