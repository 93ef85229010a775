/** Which chat a run is aimed at, by its options: one that it starts itself, or the one at `--url`. */
import type { Env } from "@drawchat/runtime/env";
import { readTokenFile, type TokenSource, takeTokens } from "../generator/tokens.ts";
import { openGivenTarget } from "../target/given-target.ts";
import { startOwnCluster } from "../target/own-cluster.ts";
import { type ClusterSize, processNames } from "../target/process-plans.ts";
import type { Target } from "../target/target.ts";
import type { OptionReader } from "./option-reader.ts";

const OWN_OPTIONS = {
  gateways: { type: "string" },
  writers: { type: "string" },
  "redis-nodes": { type: "string" },
  "move-slots": { type: "string" },
  "sample-above": { type: "string" },
  "no-balancer": { type: "boolean" },
  pin: { type: "boolean" },
} as const;

const GIVEN_OPTIONS = {
  session: { type: "string", multiple: true },
  tokens: { type: "string" },
  redis: { type: "string" },
  database: { type: "string" },
  metrics: { type: "string", multiple: true },
} as const;

export const TARGET_OPTIONS = { ...OWN_OPTIONS, url: { type: "string" }, ...GIVEN_OPTIONS } as const;

export const TARGET_USAGE = `A chat of its own on this machine (the default)
  --gateways <n>         default 2
  --writers <n>          default 1
  --redis-nodes <n>      of a Redis Cluster; default 1, a server alone
  --move-slots <s>       of a Redis Cluster: every so many seconds a room moves to the next node; default 0, never
  --sample-above <n>     LIVE_CHAT_SAMPLE_ABOVE_PER_SECOND of its processes; default 0: all messages are shown
  --no-balancer          sockets go to the gateways themselves, not through HAProxy
  --pin                  gateways on processor 0, everything else on the others

One that runs already
  --url <url>            ws://host:port or http://host:port, behind where TLS ends
  --session <id>         its live session; again for each room; default the current one
  --tokens <file>        a token a line, one for each user of the run. Without: signed with JWT_SECRET where that is set,
                         else from the sign-in of a development server
  --redis, --database <url>        what the ledger may look at; without, those hops are not watched
  --metrics <name>=<url>           private address of a process, such as gateway-1=http://127.0.0.1:9000; again for each
`;

/** What a scenario asks of a chat. */
export interface Needs {
  readonly rooms: number;
  readonly sockets: number;
  /** Tokens besides those of the sockets. */
  readonly moreUsers: number;
  readonly connectsPerSecond: number;
  /** The process that `--kill` names; absent: none. */
  readonly victim?: string;
}

export type OpenTarget = (onProgress: (what: string) => void) => Promise<Target>;

/** Event ids that gateways of an own cluster remember a room and side: read four times a second. */
const TRAIL_EVENTS = 5_000;
const FIRST_USER_ID = 1_000_000;

export function readTarget(options: OptionReader, needs: Needs, env: Env): OpenTarget {
  const isOwn = !options.has("url");
  refuseOthers(options, isOwn);
  return isOwn ? readOwn(options, needs, env) : readGiven(options, needs, env, options.optional("url") ?? "");
}

/** An option of the other kind of target would change nothing: who names it means another run than this one. */
function refuseOthers(options: OptionReader, isOwn: boolean): void {
  const others = Object.keys(isOwn ? GIVEN_OPTIONS : OWN_OPTIONS).filter((name) => options.has(name));
  const why = isOwn ? "is of a chat that runs already, and needs --url" : "is for a cluster of the run's own, not for --url";
  for (const name of others) options.problem(`--${name} ${why}`);
}

function readOwn(options: OptionReader, { rooms, sockets, connectsPerSecond, victim }: Needs, env: Env): OpenTarget {
  const gateways = options.int("gateways", 2, { min: 1, max: 50 });
  const writers = options.int("writers", 1, { min: 1, max: 16 });
  if (victim !== undefined) checkVictim(victim, { gateways, writers }, options);
  const redisNodes = options.int("redis-nodes", 1, { min: 1, max: 16 });
  if (redisNodes === 2) options.problem("--redis-nodes is 1, or 3 and more: two nodes of a cluster cannot agree on which of them is away");
  const moveSlotsSeconds = options.number("move-slots", 0, { min: 0, max: 3_600 });
  if (moveSlotsSeconds > 0 && redisNodes === 1) options.problem("--move-slots needs --redis-nodes 3 or more");
  const sampleAbove = options.int("sample-above", 0, { max: 100_000 });
  const hasBalancer = !options.flag("no-balancer");
  const isPinned = options.flag("pin");
  const haproxyPath = env.optional("HAPROXY_PATH");
  return async (onProgress) =>
    await startOwnCluster({
      gateways,
      writers,
      redisNodes,
      moveSlotsEveryMs: moveSlotsSeconds * 1_000,
      hasBalancer,
      isPinned,
      sessions: rooms,
      sockets,
      connectsPerSecond,
      trailEvents: TRAIL_EVENTS,
      sampleAbove,
      haproxyPath,
      onProgress,
    });
}

/** Before anything begins: a storm that finds nobody to kill has wasted its ramp. */
function checkVictim(victim: string, size: ClusterSize, options: OptionReader): void {
  const names = processNames(size).map(({ name }) => name);
  if (!names.includes(victim)) options.problem(`--kill is one of ${names.join(", ")}, not ${victim}`);
}

function readGiven(options: OptionReader, needs: Needs, env: Env, text: string): OpenTarget {
  options.resolved.url = text;
  if (needs.victim !== undefined) options.problem("--kill is for a cluster of the run's own, not for --url");
  const url = URL.parse(text);
  if (url === null) options.problem(`--url is no URL: ${text}`);
  else if (url.protocol !== "ws:" && url.protocol !== "http:")
    options.problem(`--url is ws:// or http://, not ${url.protocol}//: the generator speaks plain TCP, so aim it behind where TLS ends`);
  const sessions = options.list("session").map(Number);
  if (sessions.some((id) => !Number.isSafeInteger(id) || id < 1)) options.problem("--session is the number of a live session");
  else if (Math.max(1, sessions.length) < needs.rooms)
    options.problem(`--session names a room each: the run has ${needs.rooms} (--rooms), and ${sessions.length} are named`);
  const metrics = options.list("metrics").map((pair) => readMetrics(pair, options));
  const [redisUrl, databaseUrl, tokenFile] = [options.optional("redis"), options.optional("database"), options.optional("tokens")];
  return async () => {
    if (url === null) throw new TypeError("a target needs a URL");
    const tokens = await tokenSource(tokenFile, url, needs, env);
    const [token = ""] = await takeTokens(tokens, 0, 1);
    return await openGivenTarget({ url, sessions, tokens, token, redisUrl, databaseUrl, metrics });
  };
}

function readMetrics(pair: string, options: OptionReader): { name: string; privateUrl: string } {
  const [, name = "", privateUrl = ""] = /^([a-z0-9-]+)=(http:\/\/\S+)$/.exec(pair) ?? [];
  if (name === "") options.problem(`--metrics is <name>=http://host:port, not ${pair}`);
  return { name, privateUrl };
}

async function tokenSource(file: string | undefined, url: URL, { sockets, moreUsers }: Needs, env: Env): Promise<TokenSource> {
  if (file !== undefined) return { kind: "given", tokens: await readTokenFile(file, sockets + moreUsers) };
  const secret = env.optional("JWT_SECRET");
  if (secret === undefined) return { kind: "demo", url: `http://${url.host}` };
  const [issuer, audience] = [env.text("JWT_ISSUER", "drawchat"), env.text("JWT_AUDIENCE", "drawchat")];
  return { kind: "secret", secret, issuer, audience, firstUserId: FIRST_USER_ID };
}
