/** The chapter of idle sockets: what each adds to its server's memory, and what it costs to let it in. A fresh process each turn. */
import { setTimeout as delay } from "node:timers/promises";
import { readProcess } from "../src/report/proc.ts";
import type { Arena, Contestant } from "./contestants.ts";
import type { BenchOptions } from "./options.ts";
import { connect, type Seated, seat } from "./seated.ts";

export interface IdleTurn {
  readonly contestant: string;
  readonly sockets: number;
  /** Growth of the server's resident memory from the first sockets to all of them, a socket. */
  readonly bytesPerSocket: number;
  readonly connectCpuMicros: number;
}

/** Until what the connecting left behind is gone. */
const REST_MS = 1_500;

export async function playIdleRound(
  arena: Arena,
  contestants: readonly Contestant[],
  { memorySockets: [few, many] }: BenchOptions,
  tell: (line: string) => void,
): Promise<IdleTurn[]> {
  const turns: IdleTurn[] = [];
  for (const contestant of contestants) {
    const one = await seat({ arena, contestant, sockets: many });
    try {
      // What a process needs for its first sockets is not what one more needs.
      await connect(one, few);
      const before = await look(one);
      await connect(one, many - few);
      const after = await look(one);
      const turn = {
        contestant: contestant.name,
        sockets: many,
        bytesPerSocket: (after.rssBytes - before.rssBytes) / (many - few),
        connectCpuMicros: ((after.cpuSeconds - before.cpuSeconds) * 1_000_000) / (many - few),
      };
      tell(
        `  ${contestant.title.padEnd(36)} ${Math.round(turn.bytesPerSocket)} bytes a socket, ${Math.round(turn.connectCpuMicros)} µs to come in`,
      );
      turns.push(turn);
    } finally {
      await one.stop();
    }
  }
  return turns;
}

async function look({ server, contestant }: Seated) {
  await delay(REST_MS);
  const use = await readProcess(server.pid);
  if (use === undefined) throw new Error(`${contestant.title} has ended`);
  return use;
}
