/** What a night needs, a line each. */
import { bytes, count, number, percent } from "../report/format.ts";
import type { Plan } from "./plan-text.ts";
import type { RoleName } from "./roles.ts";
import { type Hardware, MAX_HANDSHAKES, MAX_SOCKETS, type Pressure } from "./sizing.ts";

const MOMENT_WORDS = {
  draw: "the burst at the draw",
  doors: "the opening of the doors",
  comeback: "the comeback from a lost gateway",
} as const;

export type Cells = [name: string, need: string];

export function needs(plan: Plan): Cells[] {
  const { sizing, hardware, night } = plan;
  const { gateways, machines, decides, atDraw, rows } = sizing;
  // As many as what is known needs: with more of them, each has fewer sockets.
  const [atLeast, atMost] = sizing.atLeast.includes("gateway") ? ["at least ", "at most "] : ["", ""];
  // What follows from the number of gateways is nothing where none is enough; it is not for want of a run.
  const unknown = sizing.isTooMuch ? "–" : "not measured";
  const known = (value: number | undefined, words: (value: number) => string) => (value === undefined ? unknown : words(value));
  const cores = (role: RoleName, value: number | undefined) =>
    known(value, (cpu) => `${sizing.atLeast.includes(role) ? "at least " : ""}${number(cpu)} of a core`);
  const each = gateways === undefined ? "" : `, ${atMost}${number(Math.ceil(night.viewers / gateways))} sockets each`;
  const cell: Cells[] = [
    [
      "gateways",
      sizing.isTooMuch
        ? "no number of them carries this night"
        : known(gateways, (n) => `${atLeast}${count(n, "gateway")}, a core each${each}`),
    ],
    [
      "  their machines",
      known(machines, (n) => `${atLeast}${count(n, "machine")} of ${count(hardware.coresPerMachine, "core")}${cardWords(plan, n)}`),
    ],
    ["  what decides", decides === undefined ? "–" : decisionWords(decides, hardware, (cpu) => cores("gateway", cpu))],
    [
      "  a socket gets",
      atDraw === undefined
        ? unknown
        : `a write every ${number(1_000 / Math.max(0.001, (atDraw.load.writes ?? 0) / Math.max(1, atDraw.load.sockets ?? 1)))} ms at the draw, tick ${number(atDraw.tickMs)} ms`,
    ],
    [
      "  memory",
      listed(
        unknown,
        ["a gateway's", sizing.gatewayBytes, (n) => `${bytes(n)} a gateway`],
        ["the kernel's", sizing.kernelBytesPerMachine, (n) => `${bytes(n)} of the kernel's a machine`],
      ),
    ],
    [
      "  network",
      listed(
        unknown,
        ["out", sizing.networkOutPerMachine, (n) => `${megabits(n)} out a machine`],
        ["in", sizing.networkInPerMachine, (n) => `${megabits(n)} in a machine`],
      ),
    ],
    ["balancers (HAProxy)", known(sizing.haproxyCpu, (cpu) => `${number(Math.ceil(cpu / hardware.full))} cores`)],
    [
      "Redis",
      listed(
        unknown,
        ["CPU", sizing.redisCpu, (cpu) => `${shardWords(plan, sizing.shards ?? 1)}: ${cores("redis", cpu)} in all`],
        ["traffic", sizing.redisOut, (n) => `${megabits(n)} to the gateways`],
        ["memory", sizing.redisBytes, (n) => `${bytes(n)} of data`],
      ),
    ],
    ["apis", known(sizing.apiCpu, (cpu) => `${pairAtLeast(cpu, hardware)}, ${number(cpu)} of a core while the doors are open`)],
    ["writers", known(sizing.writerCpu, (cpu) => `${pairAtLeast(cpu, hardware)}, ${number(cpu)} of a core`)],
    [
      "Postgres",
      `${number(sizing.rowsPerSecond)} rows a second at the draw: ${listed(unknown, ["CPU", sizing.postgresCpu, (cpu) => cores("postgres", cpu)])}`,
    ],
    [
      "  rows a night",
      `${number(rows.messages)} messages, ${number(rows.likes)} likes, ${number(rows.viewers)} viewers: ${known(sizing.rowsBytes, bytes)}`,
    ],
  ];
  return cell.map(([name, need]) => [`  ${name}`, need]);
}

function decisionWords({ limit, moment, used }: Pressure, { full, networkGbit }: Hardware, cores: (cpu: number) => string): string {
  if (limit === "sockets") return `sockets: ${percent(used)} of ${number(MAX_SOCKETS)} a gateway`;
  const when = MOMENT_WORDS[moment];
  if (limit === "handshakes")
    return `${when}: ${number(used * MAX_HANDSHAKES)} handshakes a second of a gateway (at most ${number(MAX_HANDSHAKES)})`;
  if (limit === "card") return `${when}: ${percent(used * full)} of a card of ${number(networkGbit)} Gbit/s (at most ${percent(full)})`;
  return `${when}: ${cores(used * full)} (at most ${percent(full)})`;
}

type Part = readonly [what: string, value: number | undefined, words: (value: number) => string];

/** What was measured, and at the end what was not; where nothing was, that alone, once. */
function listed(unknown: string, ...parts: readonly Part[]): string {
  const known = parts.flatMap(([, value, words]) => (value === undefined ? [] : [words(value)]));
  if (known.length === 0) return unknown;
  const missing = parts.filter(([, value]) => value === undefined).map(([what]) => what);
  return [...known, ...(missing.length === 0 ? [] : [`${missing.join(" and ")} not measured`])].join(", ");
}

const megabits = (bytesPerSecond: number) => `${number((bytesPerSecond * 8) / 1e6)} Mbit/s`;

/** Cores that stay empty are told with why. */
function cardWords({ sizing: { gateways = 0 }, hardware }: Plan, machines: number): string {
  const onMachine = Math.ceil(gateways / machines);
  if (onMachine >= Math.min(gateways, hardware.coresPerMachine)) return "";
  return `, ${count(onMachine, "gateway")} each: more would fill the network card of ${number(hardware.networkGbit)} Gbit/s`;
}

/** A room is on one shard: there are nights that no number of them carries. */
function shardWords({ sizing: { redisCpu = 0 }, hardware }: Plan, shards: number): string {
  return redisCpu / shards > hardware.full
    ? `${count(shards, "shard")}, not enough, and more do nothing without more rooms`
    : count(shards, "shard");
}

/** Two, so that one may fail. */
function pairAtLeast(cpu: number, { full }: Hardware): string {
  return number(Math.max(2, Math.ceil(cpu / full)));
}
