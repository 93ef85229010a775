/** Redis's own account of a run, from INFO. Of a cluster, its masters added up. */
import { commandClient, type RedisClient } from "@drawchat/redis/connect";
import { createLog } from "@drawchat/runtime/log";
import { Cluster } from "ioredis";

/** The costliest commands are told, the others are small change. */
const COMMANDS_TOLD = 12;

export interface CommandUse {
  readonly calls: number;
  readonly micros: number;
}

export interface RedisUse {
  readonly commands: number;
  readonly memoryBytes: number;
  readonly inBytes: number;
  readonly outBytes: number;
  readonly delayedFsyncs: number;
  /** Calls inside of scripts are counted too. */
  readonly byCommand: ReadonlyMap<string, CommandUse>;
}

export class RedisWatch {
  readonly #redis: RedisClient;

  constructor(url: string) {
    this.#redis = commandClient(url, "load", createLog("load", "error"));
  }

  async connect(): Promise<void> {
    await this.#redis.connect();
  }

  async read(): Promise<RedisUse> {
    const nodes = this.#redis instanceof Cluster ? this.#redis.nodes("master") : [this.#redis];
    return (await Promise.all(nodes.map(async (node) => parseInfo(await node.info("all"))))).reduce(added);
  }

  close(): void {
    this.#redis.disconnect();
  }
}

function parseInfo(info: string): RedisUse {
  const fields = new Map(info.split("\r\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]));
  const number = (name: string) => Number(fields.get(name) ?? 0);
  const byCommand = new Map<string, CommandUse>();
  for (const [name, value] of fields) {
    const [, calls, micros] = /^calls=(\d+),usec=(\d+)/.exec(value) ?? [];
    if (name.startsWith("cmdstat_")) byCommand.set(name.slice("cmdstat_".length), { calls: Number(calls), micros: Number(micros) });
  }
  return {
    commands: number("total_commands_processed"),
    memoryBytes: number("used_memory"),
    inBytes: number("total_net_input_bytes"),
    outBytes: number("total_net_output_bytes"),
    delayedFsyncs: number("aof_delayed_fsync"),
    byCommand,
  };
}

/** What the run cost: `redis.commands`, `redis.outBytes`, of each command `redis.<name>.calls` and its time a call. */
export function redisFigures(first: RedisUse, last: RedisUse): { name: string; value: number; unit: string }[] {
  const difference = (of: (use: RedisUse) => number) => of(last) - of(first);
  const commands = [...last.byCommand]
    .map(([name, { calls, micros }]) => {
      const before = first.byCommand.get(name) ?? { calls: 0, micros: 0 };
      return { name, calls: calls - before.calls, micros: micros - before.micros };
    })
    .filter(({ name, calls }) => calls > 0 && name !== "info")
    .toSorted((a, b) => b.micros - a.micros)
    .slice(0, COMMANDS_TOLD);
  return [
    { name: "redis.commands", value: difference(({ commands }) => commands), unit: "" },
    { name: "redis.inBytes", value: difference(({ inBytes }) => inBytes), unit: "bytes" },
    { name: "redis.outBytes", value: difference(({ outBytes }) => outBytes), unit: "bytes" },
    { name: "redis.delayedFsyncs", value: difference(({ delayedFsyncs }) => delayedFsyncs), unit: "" },
    ...commands.flatMap(({ name, calls, micros }) => [
      { name: `redis.${name}.calls`, value: calls, unit: "" },
      { name: `redis.${name}.perCall`, value: Math.round((micros / calls) * 100) / 100, unit: "µs" },
    ]),
  ];
}

function added(a: RedisUse, b: RedisUse): RedisUse {
  const byCommand = new Map(a.byCommand);
  for (const [name, { calls, micros }] of b.byCommand) {
    const other = byCommand.get(name) ?? { calls: 0, micros: 0 };
    byCommand.set(name, { calls: calls + other.calls, micros: micros + other.micros });
  }
  return {
    commands: a.commands + b.commands,
    memoryBytes: a.memoryBytes + b.memoryBytes,
    inBytes: a.inBytes + b.inBytes,
    outBytes: a.outBytes + b.outBytes,
    delayedFsyncs: a.delayedFsyncs + b.delayedFsyncs,
    byCommand,
  };
}
