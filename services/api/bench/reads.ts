/**
 * `npm run bench:api`: the hot reads of the real api process (Redis and Postgres of its own beside it) against bare
 * Fastify routes that send the same from memory: the same body alone, the same bytes (body and headers), and those after
 * the same token check. Alternating turns; medians, with the least and the most of the turns.
 * BENCH_SECONDS (5), BENCH_TURNS (5), BENCH_CONNECTIONS (50); BENCH_PROFILE=folder writes the api's CPU profile there.
 */

import { fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signToken } from "@drawchat/auth/token";
import { connectDatabase } from "@drawchat/db/connect";
import { migrateToLatest } from "@drawchat/db/migrate";
import { endAll } from "@drawchat/local/endings";
import { freePort } from "@drawchat/local/ports";
import { startPostgres } from "@drawchat/local/postgres";
import { ServiceProcess } from "@drawchat/local/process";
import { startRedis } from "@drawchat/local/redis";
import { sessionRoom } from "@drawchat/protocol/ids";
import { Acceptor } from "@drawchat/redis/accept";
import { commandClient, type RedisClient } from "@drawchat/redis/connect";
import { Env } from "@drawchat/runtime/env";
import { createLog } from "@drawchat/runtime/log";
import { cpuMicrosOf, goalVerdict, spreadOf } from "@drawchat/testkit/bench-turns";
import { addSession } from "@drawchat/testkit/sessions";
import autocannon from "autocannon";
import type { BareContent } from "./bare-server.ts";

const env = new Env(process.env);
const seconds = env.int("BENCH_SECONDS", 5, { min: 1, max: 60 });
const turns = env.int("BENCH_TURNS", 5, { min: 1, max: 99 });
const connections = env.int("BENCH_CONNECTIONS", 50, { min: 1, max: 10_000 });
const profileDir = env.optional("BENCH_PROFILE");
env.finish();

const LINES = 50;
/** Of what a bare route manages that sends the same bytes, by CPU a request. */
const GOAL_PERCENT = 80;
const PATHS = ["/live-chat/status", "/live-chat/messages"];
/** Headers that the server adds by itself. */
const OF_THE_CONNECTION = new Set(["connection", "content-length", "date", "keep-alive"]);
const secret = randomBytes(32).toString("hex");
const key = { kind: "secret", secret: new TextEncoder().encode(secret) } as const;
const cleanups: (() => Promise<unknown>)[] = [];
const log = createLog("bench", "warn");

interface Contestant {
  url: string;
  pid: number;
}

interface Api extends Contestant {
  redis: RedisClient;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Stores, an open session with 50 lines, and the api; resolves with the api's URL and a connection to its Redis. */
async function startApi(): Promise<Api> {
  const dir = await mkdtemp(join(tmpdir(), "drawchat-bench-"));
  cleanups.push(() => rm(dir, { recursive: true, force: true }));
  const redisServer = await startRedis({ dir: join(dir, "redis"), port: await freePort() });
  cleanups.push(() => redisServer.stop());
  const postgres = await startPostgres({ dir: join(dir, "postgres"), port: await freePort(), durable: false });
  cleanups.push(() => postgres.stop());
  const database = connectDatabase({ url: postgres.url(), maxConnections: 2, applicationName: "bench", onError: () => undefined });
  await migrateToLatest(database);
  const session = await addSession(database.db);
  await database.close();
  const stores = { REDIS_URL: redisServer.url, DATABASE_URL: postgres.url(), JWT_SECRET: secret };
  const addresses = { HOST: "127.0.0.1", PORT: "0", PRIVATE_HOST: "127.0.0.1", PRIVATE_PORT: "0" };
  const profile = profileDir === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profileDir}` };
  let pid = 0;
  const onLine = (line: string) => {
    pid ||= Number(/"pid":(\d+)/.exec(line)?.[1] ?? 0);
  };
  const api = await ServiceProcess.start({ service: "api", env: { NODE_ENV: "production", ...stores, ...addresses, ...profile }, onLine });
  cleanups.push(() => api.stop());
  const redis = commandClient(redisServer.url, "bench", log);
  await redis.connect();
  cleanups.push(async () => redis.disconnect());
  await post(redis, session.id, api.ports.private ?? 0);
  return { url: `http://127.0.0.1:${api.ports.public}`, pid, redis };
}

async function post(redis: RedisClient, sessionId: number, privatePort: number): Promise<void> {
  const room = sessionRoom(sessionId);
  await fetch(`http://127.0.0.1:${privatePort}/internal/rooms/${room}/restore`, { method: "POST" });
  const acceptor = new Acceptor({ redis, log, limits: { session: 0, conversation: 0 }, restoreRoom: async () => "unavailable" });
  for (let n = 0; n < LINES; n += 1) {
    const line = { user_id: 1, username: "ann", profile_pic: "https://example.com/ann.png", message: `good luck everybody, line ${n}` };
    const middle = `,${JSON.stringify({ ...line, message_type: "text", likes: 0 }).slice(1, -1)},"created_at":"`;
    const parts = ['{"type":"new_message","message":{"id":', middle, '","is_winner":false,"is_host":false}}'] as const;
    await acceptor.submit({ room, kind: "m", userId: 1, clientId: crypto.randomUUID(), parts });
  }
}

/** Commands that Redis has run so far. */
async function countCommands(redis: RedisClient): Promise<number> {
  const [, count] = /total_commands_processed:(\d+)/.exec(await redis.info("stats")) ?? [];
  return Number(count);
}

async function startBare(content: BareContent): Promise<Contestant> {
  const child = fork(new URL("./bare-server.ts", import.meta.url));
  cleanups.push(async () => child.disconnect());
  child.send(content);
  const [port] = await once(child, "message");
  return { url: `http://127.0.0.1:${port}`, pid: child.pid ?? 0 };
}

interface Rate {
  perSecond: number;
  /** Of the server's process: says more than the rate where others use the machine too. */
  cpuMicros: number;
}

async function measure({ url, pid }: Contestant, headers: Record<string, string>, duration = seconds): Promise<Rate> {
  const cpuBefore = await cpuMicrosOf(pid);
  const { requests, errors, non2xx } = await autocannon({ url, connections, duration, headers });
  if (errors + non2xx > 0) throw new Error(`${url}: ${errors} errors, ${non2xx} refusals`);
  return { perSecond: requests.average, cpuMicros: ((await cpuMicrosOf(pid)) - cpuBefore) / requests.total };
}

const SAME_BYTES = "bare, the same bytes";

async function compare(path: string, api: Api, bare: Contestant, headers: Record<string, string>): Promise<void> {
  const contestants = {
    api: { url: `${api.url}${path}`, pid: api.pid },
    [SAME_BYTES]: { url: `${bare.url}/same${path}`, pid: bare.pid },
    "bare, the same body alone": { url: `${bare.url}/body${path}`, pid: bare.pid },
    "bare, the same bytes after the same token check": { url: `${bare.url}/checked${path}`, pid: bare.pid },
  };
  const rates = new Map<string, Rate[]>();
  for (const contestant of Object.values(contestants)) await measure(contestant, headers, 2); // compiled by then
  let commands = 0;
  for (let turn = 0; turn < turns; turn += 1) {
    for (const [name, contestant] of Object.entries(contestants)) {
      const before = await countCommands(api.redis);
      rates.set(name, [...(rates.get(name) ?? []), await measure(contestant, headers)]);
      if (name === "api") commands += (await countCommands(api.redis)) - before;
    }
  }
  print(`${path} (${Math.round(commands / turns / seconds)} commands/s of Redis, those inside scripts counted)`);
  const own = rates.get("api") ?? [];
  for (const [name, those] of rates) printRates(name, those, own);
}

/** Ratios are those of turns beside each other. */
function printRates(name: string, those: readonly Rate[], own: readonly Rate[]): void {
  print(
    `  ${name}: ${spreadOf(those.map((rate) => rate.perSecond))}/s, ${spreadOf(
      those.map((rate) => rate.cpuMicros),
      1,
    )} µs of CPU a request`,
  );
  if (those === own) return;
  const byRate = own.map((rate, turn) => (100 * rate.perSecond) / (those[turn]?.perSecond ?? Number.NaN));
  const byCpu = own.map((rate, turn) => (100 * (those[turn]?.cpuMicros ?? Number.NaN)) / rate.cpuMicros);
  const byCpuText = name === SAME_BYTES ? goalVerdict(byCpu, GOAL_PERCENT) : `${spreadOf(byCpu)} %`;
  print(`    of which the api does, by CPU: ${byCpuText}; by rate: ${spreadOf(byRate)} %`);
}

try {
  const api = await startApi();
  const token = await signToken(
    { key, issuer: "drawchat", audience: "drawchat", maxAgeSeconds: 86_400 },
    { userId: 1, username: "ann", expiresInSeconds: 3_600 },
  );
  const headers = { authorization: `Bearer ${token}` };
  const answers: BareContent["answers"] = {};
  for (const path of PATHS) {
    const answer = await fetch(`${api.url}${path}`, { headers });
    answers[path] = {
      headers: Object.fromEntries([...answer.headers].filter(([name]) => !OF_THE_CONNECTION.has(name))),
      body: await answer.text(),
    };
  }
  const bare = await startBare({ answers, secret });
  for (const path of PATHS) await compare(path, api, bare, headers);
} finally {
  await endAll(cleanups);
}
