/** `npm run -s token -- --user-id 1 --username ann`: prints a token for the chat that runs here. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { parseId } from "@drawchat/protocol/ids";
import { ConfigError, Env } from "@drawchat/runtime/env";
import { loadOrExit } from "@drawchat/runtime/run";
import { ROLES } from "./claims.ts";
import { readTokenConfig } from "./config.ts";
import { signToken, type TokenRequest } from "./token.ts";

const USAGE = `npm run -s token -- --user-id 1 --username ann [--role ${ROLES.join("|")}]… [--profile-pic URL] [--expires-in 1h|30s|-1h]`;
const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

function readRequest(args: readonly string[]): TokenRequest {
  // parseArgs would take "-1h" for an option.
  const joined = args.join("\n").replace(/^(--expires-in)\n/gm, "$1=");
  const { values } = parseArgs({
    args: joined === "" ? [] : joined.split("\n"),
    options: {
      "user-id": { type: "string" },
      username: { type: "string" },
      role: { type: "string", multiple: true, default: [] },
      "profile-pic": { type: "string" },
      "expires-in": { type: "string", default: "1h" },
    },
  });
  const userId = parseId(values["user-id"] ?? "");
  if (userId === undefined) throw new ConfigError(["--user-id must be a whole number from 1 to 2^53-1"]);
  return {
    userId,
    username: values.username ?? `user${userId}`,
    profilePic: values["profile-pic"] ?? null,
    roles: values.role.map(readRole),
    expiresInSeconds: readDuration(values["expires-in"]),
  };
}

function readRole(text: string): (typeof ROLES)[number] {
  const role = ROLES.find((known) => known === text);
  if (role === undefined) throw new ConfigError([`--role must be one of ${ROLES.join(", ")}`]);
  return role;
}

function readDuration(text: string): number {
  const [, amount, unit = "s"] = /^(-?[0-9]{1,9})([smhd])?$/.exec(text) ?? [];
  const seconds = Number(amount) * (UNIT_SECONDS[unit] ?? 1);
  if (!Number.isSafeInteger(seconds)) throw new ConfigError(["--expires-in must look like 30s, 10m, 1h or -1h (already over)"]);
  return seconds;
}

/** The secret that `npm start` made, unless JWT_SECRET says another. */
function readSecret(source: NodeJS.ProcessEnv): string | undefined {
  if (source.JWT_SECRET !== undefined && source.JWT_SECRET !== "") return source.JWT_SECRET;
  const path = join(source.DATA_DIR ?? ".data", "secret");
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    throw new ConfigError([`no secret: ${path} cannot be read. Run "npm start" first, or set JWT_SECRET`]);
  }
}

const { config, request } = loadOrExit(() => {
  const source = process.env;
  try {
    const request = readRequest(process.argv.slice(2));
    const env = new Env({ ...source, JWT_SECRET: readSecret(source) });
    const config = readTokenConfig(env);
    if (request.expiresInSeconds > config.maxAgeSeconds)
      env.problem(`--expires-in is over JWT_MAX_AGE (${config.maxAgeSeconds} s): no server would take it`);
    env.finish();
    return { config, request };
  } catch (error) {
    if (error instanceof ConfigError) throw new ConfigError([...error.problems, `usage: ${USAGE}`]);
    if (error instanceof TypeError) throw new ConfigError([error.message, `usage: ${USAGE}`]); // parseArgs
    throw error;
  }
});
process.stdout.write(`${await signToken(config, request)}\n`);
