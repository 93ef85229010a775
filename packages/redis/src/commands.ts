/**
 * What a cluster does otherwise than one node: publications, and plain commands on keys of several partitions. On one
 * node these are one pipeline. On a cluster each command goes its own way: a pipeline of which a part must be asked for
 * elsewhere (its slot is moving) would be asked for there as a whole, where the rest of its keys is not.
 */
import { Cluster } from "ioredis";
import type { RedisClient } from "./connect.ts";

export type PublishCommand = "PUBLISH" | "SPUBLISH";

/** How scripts publish. Subscribers of a cluster listen to the node of a channel's slot. */
export function publishCommand(redis: RedisClient): PublishCommand {
  return redis instanceof Cluster ? "SPUBLISH" : "PUBLISH";
}

/** Rejects where Redis is away; then it is unknown whether anybody has heard. */
export async function publish(redis: RedisClient, channel: string, bytes: string | Buffer): Promise<void> {
  await redis.call(publishCommand(redis), channel, bytes);
}

/** A command in lower case, a key, the other arguments. */
export type KeyCommand = readonly [name: string, key: string, ...args: (string | number)[]];

/** A reply each, in order; an Error where that one failed. On one node in one round trip. Never rejects. */
export async function tryCommands(redis: RedisClient, commands: readonly KeyCommand[]): Promise<unknown[]> {
  if (commands.length === 0) return [];
  if (redis instanceof Cluster) {
    return Promise.all(commands.map(([name, ...args]) => redis.call(name, ...args).catch((error: unknown) => asError(error))));
  }
  try {
    const replies = (await redis.pipeline(commands.map((command) => [...command])).exec()) ?? [];
    return replies.map(([error, value]) => error ?? value);
  } catch (error) {
    return commands.map(() => asError(error));
  }
}

/** The same; rejects with the first error where any failed. */
export async function runCommands(redis: RedisClient, commands: readonly KeyCommand[]): Promise<unknown[]> {
  const replies = await tryCommands(redis, commands);
  for (const reply of replies) if (reply instanceof Error) throw reply;
  return replies;
}

/** What one node of a cluster cannot answer is no reason to do without the others. */
export function throwIfNoneWorked(replies: readonly unknown[]): void {
  const [first] = replies;
  if (first instanceof Error && replies.every((reply) => reply instanceof Error)) throw first;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
