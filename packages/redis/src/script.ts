/** Lua scripts: a `.lua` file beside its TypeScript, read once; EVALSHA, and one EVAL where Redis does not have it. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { RedisClient } from "./connect.ts";

export type ScriptArgument = string | number | Buffer;

export interface Script {
  /** Runs it; the reply's texts come as Buffers. Errors are Redis's own or a time-out (then unknown). */
  run(redis: RedisClient, keys: readonly string[], args: readonly ScriptArgument[]): Promise<unknown>;
}

export function defineScript(file: URL): Script {
  const source = readFileSync(file, "utf8");
  const sha = createHash("sha1").update(source).digest("hex");
  return {
    async run(redis, keys, args) {
      try {
        return await redis.callBuffer("EVALSHA", sha, keys.length, ...keys, ...args);
      } catch (error) {
        if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
        return await redis.callBuffer("EVAL", source, keys.length, ...keys, ...args);
      }
    },
  };
}

// ---- replies: a script's reply is data from outside, so its shape is checked where it is read ----------------------

export function asArray(reply: unknown): unknown[] {
  if (!Array.isArray(reply)) throw new TypeError("a script answered something else than a list");
  return reply;
}

export function asText(reply: unknown): string {
  if (Buffer.isBuffer(reply)) return reply.toString("utf8");
  if (typeof reply === "string") return reply;
  if (typeof reply === "number") return String(reply);
  throw new TypeError("a script answered something else than text");
}

export function asBytes(reply: unknown): Buffer {
  if (Buffer.isBuffer(reply)) return reply;
  throw new TypeError("a script answered something else than bytes");
}

export function asNumber(reply: unknown): number {
  const value = Number(asText(reply));
  if (!Number.isSafeInteger(value)) throw new TypeError("a script answered something else than a whole number");
  return value;
}

/** A flat field, value, field, value … list as a map. */
export function asFields(reply: unknown): Map<string, string> {
  const flat = asArray(reply);
  const fields = new Map<string, string>();
  for (let i = 0; i + 1 < flat.length; i += 2) fields.set(asText(flat[i]), asText(flat[i + 1]));
  return fields;
}
