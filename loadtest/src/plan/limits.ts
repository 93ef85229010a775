/** What gives way first: each limit, how much of it the night uses, and at how many times the messages it is reached. */
import type { MachineCosts } from "./machine-costs.ts";
import { momentLoad, type NightAsked } from "./night-load.ts";
import { useOf } from "./roles.ts";
import { type Hardware, MAX_HANDSHAKES, MAX_MESSAGES_PER_ROOM, MAX_SOCKETS, type Sizing, storedLoad, usesOf } from "./sizing.ts";

export interface Limit {
  readonly what: string;
  /** 1: reached. */
  readonly used: number;
  /** In times of the night's load at which it gives way; undefined: it does not follow the messages. */
  readonly givesWayAt: number | undefined;
  /** More may be used, and it may give way earlier: a part of its cost is not known. */
  readonly isAtLeast: boolean;
}

const MOST_TIMES = 1_000;

/** The one that gives way first, first. */
export function limitsOf(
  night: NightAsked,
  hardware: Hardware,
  costs: MachineCosts,
  { sizing, eventBytes }: { sizing: Sizing; eventBytes: number | undefined },
): Limit[] {
  const { atLeast, gateways, networkOutPerMachine, redisCpu, writerCpu, postgresCpu, shards } = sizing;
  const { accepted } = momentLoad("draw", night, gateways ?? 1);
  const limits: Limit[] = [linear("messages of one room that are known as repetitions", accepted / night.rooms / MAX_MESSAGES_PER_ROOM)];
  if (gateways !== undefined && eventBytes !== undefined) {
    const cpu = (times: number) =>
      Math.max(...usesOf(louder(night, times), gateways, costs, eventBytes).map(({ use }) => use.use?.cpu ?? 0));
    const isAtLeast = atLeast.includes("gateway");
    limits.push({ what: "the core of a gateway", used: cpu(1), givesWayAt: timesUntilFull(cpu), isAtLeast });
    const joins = Math.max(...usesOf(night, gateways, costs, eventBytes).map(({ load }) => load.joins));
    limits.push({ what: "handshakes a second of a gateway", used: joins / MAX_HANDSHAKES, givesWayAt: undefined, isAtLeast: false });
    limits.push({ what: "sockets of a gateway", used: night.viewers / gateways / MAX_SOCKETS, givesWayAt: undefined, isAtLeast: false });
  }
  if (networkOutPerMachine !== undefined)
    limits.push(linear("the network card of a gateway's machine", (networkOutPerMachine * 8) / (hardware.networkGbit * 1e9)));
  if (redisCpu !== undefined)
    limits.push({ ...linear("the core of a Redis", redisCpu / Math.max(1, shards ?? 1)), isAtLeast: atLeast.includes("redis") });
  for (const [role, what, used] of [
    ["writer", "the core of one writer", writerCpu],
    ["postgres", "one core of Postgres", postgresCpu],
  ] as const) {
    const cpu = (times: number) => useOf(costs.cpu[role], { idle: 1, ...storedLoad(accepted * times, night) })?.cpu ?? 0;
    if (used !== undefined) limits.push({ what, used, givesWayAt: timesUntilFull(cpu), isAtLeast: atLeast.includes(role) });
  }
  return limits.toSorted((a, b) => (a.givesWayAt ?? 1 / a.used) - (b.givesWayAt ?? 1 / b.used));
}

function linear(what: string, used: number): Limit {
  return { what, used, givesWayAt: used === 0 ? undefined : 1 / used, isAtLeast: false };
}

function louder(night: NightAsked, times: number): NightAsked {
  return { ...night, messagesPerChatterPerMinute: night.messagesPerChatterPerMinute * times };
}

/** Longer ticks and larger batches soften what more messages cost: not in proportion, so it is looked for. */
function timesUntilFull(used: (times: number) => number): number | undefined {
  if (used(MOST_TIMES) < 1) return undefined;
  let [low, high] = [0, MOST_TIMES];
  while (high - low > 0.01) {
    const middle = (low + high) / 2;
    if (used(middle) < 1) low = middle;
    else high = middle;
  }
  return high;
}
