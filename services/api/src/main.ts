/** The api process: REST, and the private port where gateways ask what only Postgres knows. */
import { createTokenVerifier } from "@drawchat/auth/token";
import { cacheVerdicts } from "@drawchat/auth/verdict-cache";
import { ensureBotUser } from "@drawchat/db/bot-user";
import { connectDatabase } from "@drawchat/db/connect";
import { openFileStore } from "@drawchat/files/store";
import { Acceptor } from "@drawchat/redis/accept";
import { assertRedisSettings, commandClient } from "@drawchat/redis/connect";
import { createLog } from "@drawchat/runtime/log";
import { Metrics } from "@drawchat/runtime/metrics";
import { loadOrExit, type RunningService, run } from "@drawchat/runtime/run";
import type { FastifyInstance } from "fastify";
import { loadConfig } from "./config.ts";
import { buildPrivateServer } from "./private-server.ts";
import { buildPublicServer } from "./public-server.ts";
import { assertSchema, missingStores } from "./readiness.ts";
import { RoomGlances } from "./room-glances.ts";
import { RoomRestorer } from "./room-restorer.ts";
import { SeenUsers } from "./seen-users.ts";
import { SessionDirectory } from "./session-directory.ts";
import { UploadLimiter } from "./upload-limiter.ts";
import { WriteLimiter } from "./write-limiter.ts";

const STOP_TIMEOUT_MS = 15_000;

const config = loadOrExit(() => loadConfig(process.env));
const log = createLog("api", config.logLevel);

async function start(): Promise<RunningService> {
  const { settings, conversations, draw } = config;
  const metrics = new Metrics("api");
  const answers = metrics.histogram("http_seconds", "Time to answer a request", [0.005, 0.02, 0.1, 0.5, 2], ["route", "status"]);
  const restores = metrics.counter("room_restores_total", "Rooms brought back into Redis", ["outcome"]);

  const redis = commandClient(config.redisUrl, "api", log);
  const onError = (error: Error) => log.warn({ component: "process", err: { message: error.message } }, "postgres connection lost");
  const pool = { url: config.databaseUrl, onError };
  const database = connectDatabase({ ...pool, maxConnections: config.databaseConnections, applicationName: "drawchat-api" });
  // Of its own: gateways get their answers also while public calls wait for connections.
  const privateConnections = Math.ceil(config.databaseConnections / 2);
  const privateDatabase = connectDatabase({ ...pool, maxConnections: privateConnections, applicationName: "drawchat-api-private" });

  await redis.connect();
  await assertRedisSettings(redis);
  await assertSchema(database.db);
  if (conversations.bot !== undefined) await ensureBotUser(database.db, conversations.bot);
  const files = await openFileStore(config.uploads);
  await files.prepare();

  const { db } = database;
  const restorer = new RoomRestorer({ db: privateDatabase.db, redis, log, onOutcome: (outcome) => restores.inc({ outcome }) });
  const hours = { pre: settings.preDrawHours, post: settings.postDrawHours };
  const sessions = new SessionDirectory({ db, redis, log, draw, hours });
  const limits = { session: settings.maxMessagesPerUserPerMinute, conversation: conversations.maxMessagesPerUserPerMinute };
  const acceptor = new Acceptor({ redis, log, limits, restoreRoom: (room) => restorer.restore(room) });
  const limiter = new WriteLimiter({ redis, perMinute: config.writesPerMinute });
  const uploadLimiter = new UploadLimiter({ redis, perMinute: config.uploadsPerMinute, bytesPerDay: config.uploadBytesPerDay });
  const verifier = cacheVerdicts(createTokenVerifier(config.token));
  const glances = new RoomGlances(redis, sessions.clock);
  const users = new SeenUsers(db);

  const publicServer = await buildPublicServer(
    {
      ...{ log, redis, db, verifier, acceptor, sessions, glances, limiter, users, files, uploadLimiter },
      ...{ settings, conversations, draw },
    },
    {
      allowedOrigins: config.allowedOrigins,
      webDir: config.webDir,
      isDocsPageOn: config.isDocsPageOn,
      demoTokens: config.nodeEnv === "production" || config.token.key.kind !== "secret" ? undefined : config.token,
      onAnswer: (route, status, seconds) => answers.observe({ route, status }, seconds),
    },
  );
  let stopping = false;
  const notReady = async () => (stopping ? ["stopping"] : await missingStores({ redis, db: privateDatabase.db }));
  const privateServer = buildPrivateServer({ log, redis, acceptor, conversations, db: privateDatabase.db, restorer, metrics, notReady });
  await privateServer.listen({ host: config.privateHost, port: config.privatePort });
  await publicServer.listen({ host: config.host, port: config.port });
  log.info(
    { component: "live_chat", enabled: settings.enabled, time_zone: draw.timeZone, daily_draw: draw.daily ?? null },
    "draw settings",
  );

  return {
    ports: { public: portOf(publicServer), private: portOf(privateServer) },
    stop: async () => {
      stopping = true;
      await publicServer.close();
      await acceptor.drained();
      await privateServer.close();
      await Promise.all([database.close(), privateDatabase.close()]);
      redis.disconnect();
    },
  };
}

function portOf(server: Pick<FastifyInstance, "addresses">): number {
  const [address] = server.addresses();
  if (address === undefined || typeof address === "string") throw new Error("server is not listening on a port");
  return address.port;
}

await run({ log, stopTimeoutMs: STOP_TIMEOUT_MS, start });
