/** Commands to every gateway (`dc:{ctl}`): published at once, and found by a poll of the version every 2 s where that got lost. */
import { publishCommand } from "./commands.ts";
import type { RedisClient } from "./connect.ts";
import { keys } from "./keys.ts";
import { asArray, asNumber, asText, defineScript } from "./script.ts";

const script = defineScript(new URL("./control.lua", import.meta.url));
const COMMANDS_KEPT = 1_000;

export type ControlCommand =
  /** Close every socket of this user with this code. */
  | { type: "end_user"; user_id: number; code: number; reason: string }
  /** How this user is shown has changed: it is to be asked for again. */
  | { type: "refresh_user"; user_id: number };

/** Resolves with the command's version. */
export async function publishControl(redis: RedisClient, command: ControlCommand): Promise<number> {
  return asNumber(
    await script.run(
      redis,
      [keys.controlVersion, keys.controlLog],
      [keys.control, JSON.stringify(command), COMMANDS_KEPT, publishCommand(redis)],
    ),
  );
}

export async function controlVersion(redis: RedisClient): Promise<number> {
  return Number((await redis.get(keys.controlVersion)) ?? 0);
}

/** Commands after a version, oldest first. What is no known command is left out. */
export async function readControl(redis: RedisClient, afterVersion: number): Promise<{ version: number; command: ControlCommand }[]> {
  const entries = asArray(await redis.xrange(keys.controlLog, `(${afterVersion}-0`, "+"));
  return entries.flatMap((entry) => {
    const [id, fields] = asArray(entry);
    const command = parseCommand(asText(asArray(fields)[1]));
    return command !== undefined ? [{ version: Number.parseInt(asText(id), 10), command }] : [];
  });
}

/** One that cannot be read must not keep the later ones from being read. */
function parseCommand(json: string): ControlCommand | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return isCommand(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isCommand(value: unknown): value is ControlCommand {
  if (typeof value !== "object" || value === null || !("type" in value)) return false;
  if (!("user_id" in value) || typeof value.user_id !== "number") return false;
  if (value.type === "refresh_user") return true;
  const hasCode = "code" in value && typeof value.code === "number" && "reason" in value && typeof value.reason === "string";
  return value.type === "end_user" && hasCode;
}
