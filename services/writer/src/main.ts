/** The writer: from the log in Redis into Postgres, exactly once. Any number of them may run. */
import { connectDatabase } from "@drawchat/db/connect";
import { insertDeadLetters } from "@drawchat/db/dead-letters";
import { schemaProblem } from "@drawchat/db/migrate";
import { Acceptor } from "@drawchat/redis/accept";
import { assertRedisSettings, blockingClient, commandClient, isReady } from "@drawchat/redis/connect";
import { ConfigError } from "@drawchat/runtime/env";
import { createLog } from "@drawchat/runtime/log";
import { Metrics } from "@drawchat/runtime/metrics";
import { PrivateServer } from "@drawchat/runtime/private-server";
import { loadOrExit, run } from "@drawchat/runtime/run";
import { AudienceWriter } from "./audience-writer.ts";
import { loadConfig } from "./config.ts";
import { Doorbell } from "./doorbell.ts";
import { createWriterMetrics } from "./metrics.ts";
import { Rebuilds } from "./rebuilds.ts";
import { Slots } from "./slots.ts";
import { Writer } from "./writer.ts";

const config = loadOrExit(() => loadConfig(process.env));
const log = createLog("writer", config.logLevel);

await run({
  log,
  stopTimeoutMs: 20_000,
  start: async () => {
    const metrics = new Metrics("writer");
    const redis = commandClient(config.redisUrl, "writer", log);
    const blocking = blockingClient(config.redisUrl, "writer", log);
    const database = connectDatabase({
      url: config.databaseUrl,
      maxConnections: config.concurrentBatches + 1, // one of the audience's own: batches never wait for it
      applicationName: "drawchat-writer",
      onError: (error) => log.warn({ component: "process", err: error }, "postgres connection lost"),
    });
    await Promise.all([redis.connect(), blocking.connect()]);
    await assertRedisSettings(redis);
    const problem = await schemaProblem(database.db);
    if (problem !== undefined) throw new ConfigError([problem]);

    const rebuilds = new Rebuilds(config.apiInternalUrl, log);
    // The writer's own calls go to rooms that are in Redis; it decides itself what to do about one that is not.
    const acceptor = new Acceptor({ redis, log, limits: { session: 0, conversation: 0 }, restoreRoom: () => Promise.resolve("unknown") });
    const doorbell = new Doorbell(blocking, log);
    const slots = new Slots(config.concurrentBatches);
    const writerMetrics = createWriterMetrics(metrics);
    const writer = new Writer({
      redis,
      pool: database.pool,
      db: database.db,
      acceptor,
      rebuilds,
      bury: async (letter) => void (await insertDeadLetters(database.pool, [letter])),
      followUps: config.followUps,
      metrics: writerMetrics,
      log,
      doorbell,
      slots,
      inHand: new Slots(2 * config.concurrentBatches),
      batchMaxRows: config.batchMaxRows,
      batchWaitMs: config.batchWaitMs,
      writerId: config.writerId,
    });
    const audience = new AudienceWriter({
      redis,
      pool: database.pool,
      slots,
      partitions: () => writer.partitions,
      metrics: writerMetrics,
      log,
    });
    const privateServer = new PrivateServer({
      host: config.privateHost,
      port: config.privatePort,
      metrics,
      notReady: () => [...(isReady(redis) ? [] : ["redis"]), ...(writer.isFailing ? ["storing"] : [])],
    });
    const port = await privateServer.start();
    doorbell.start();
    writer.start();
    audience.start();

    const stop = async () => {
      await Promise.all([writer.stop(), audience.stop()]);
      await Promise.all([doorbell.stop(), rebuilds.stop(), acceptor.drained()]);
      await Promise.all([privateServer.stop(), database.close()]);
      redis.disconnect();
      blocking.disconnect();
    };
    return { ports: { private: port }, stop };
  },
});
