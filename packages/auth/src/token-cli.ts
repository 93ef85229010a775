/** `npm run -s token -- --user-id 1 --username ann`: prints a token for the chat that runs here. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { parseId } from "@drawchat/protocol/ids";
import { ConfigError, Env } from "@drawchat/runtime/env";
import { loadOrExit } from "@drawchat/runtime/run";
import { cleanUsername, ROLES } from "./claims.ts";
import { readTokenConfig } from "./config.ts";
import { signToken, type TokenRequest } from "./token.ts";

const USAGE = `npm run -s token -- --user-id 1 --username ann [--role ${ROLES.join("|")}]… [--profile-pic URL] [--expires-in 1h|30s|-1h]`;
const HELP = `Prints a token for the chat that runs here, signed with JWT_SECRET, else with the secret that npm start made.

${USAGE}

  --user-id      who it is: a whole number from 1 to 2^53-1
  --username     the name that others see; default user<id>
  --role         ${ROLES.join(", ")}; may be given several times
  --profile-pic  an http(s) URL
  --expires-in   such as 30s, 10m, 1h (the default), 1d; -1h: expired an hour ago
`;
const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };
const OPTIONS = {
  "user-id": { type: "string" },
  username: { type: "string" },
  role: { type: "string", multiple: true },
  "profile-pic": { type: "string" },
  "expires-in": { type: "string", default: "1h" },
  help: { type: "boolean", short: "h" },
} as const;

/** Undefined: help was asked for. */
function readRequest(args: readonly string[]): TokenRequest | undefined {
  const { values, tokens } = parseArgs({ args: glueLifetime(args), options: OPTIONS, tokens: true });
  if (values.help) return undefined;
  refuseDoubled(tokens.flatMap((token) => (token.kind === "option" ? token.name : [])));
  const userId = parseId(values["user-id"] ?? "");
  if (userId === undefined) throw new ConfigError(["--user-id must be a whole number from 1 to 2^53-1"]);
  return {
    userId,
    username: cleanUsername(values.username) ?? `user${userId}`,
    profilePic: values["profile-pic"] ?? null,
    roles: (values.role ?? []).map(readRole),
    expiresInSeconds: readDuration(values["expires-in"]),
  };
}

/** parseArgs would take the value of `--expires-in -1h` for an option. */
function glueLifetime(args: readonly string[]): string[] {
  const at = args.indexOf("--expires-in");
  if (at === -1 || at + 1 === args.length) return [...args];
  return [...args.slice(0, at), `--expires-in=${args[at + 1]}`, ...args.slice(at + 2)];
}

/** parseArgs would silently take the last one. */
function refuseDoubled(names: readonly string[]): void {
  const doubled = new Set(names.filter((name, at) => name !== "role" && names.indexOf(name) !== at));
  if (doubled.size > 0) throw new ConfigError([...doubled].map((name) => `--${name} is given twice`));
}

function readRole(text: string): (typeof ROLES)[number] {
  const role = ROLES.find((known) => known === text);
  if (role === undefined) throw new ConfigError([`--role must be one of ${ROLES.join(", ")}`]);
  return role;
}

function readDuration(text: string): number {
  const [, amount, unit = "s"] = /^(-?[0-9]{1,9})([smhd])?$/.exec(text) ?? [];
  const seconds = Number(amount) * (UNIT_SECONDS[unit] ?? 1);
  if (!Number.isSafeInteger(seconds) || seconds === 0)
    throw new ConfigError(["--expires-in must look like 30s, 10m, 1h or -1h (already over)"]);
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

const job = loadOrExit(() => {
  const source = process.env;
  try {
    const request = readRequest(process.argv.slice(2));
    if (request === undefined) return undefined;
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
process.stdout.write(job === undefined ? HELP : `${await signToken(job.config, job.request)}\n`);
