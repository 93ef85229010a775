/** The gateway: sockets on one side, Redis on the other. Wiring only. */
import { createTokenVerifier } from "@drawchat/auth/token";
import { Acceptor } from "@drawchat/redis/accept";
import { assertRedisSettings, commandClient, isReady, subscriberClient } from "@drawchat/redis/connect";
import { createLog } from "@drawchat/runtime/log";
import { Metrics } from "@drawchat/runtime/metrics";
import { PrivateServer } from "@drawchat/runtime/private-server";
import { loadOrExit, type RunningService, run } from "@drawchat/runtime/run";
import { RateLimiterMemory } from "rate-limiter-flexible";
import { Admission } from "./admission.ts";
import { ApiClient } from "./api-client.ts";
import { createCommands } from "./commands.ts";
import { loadConfig } from "./config.ts";
import type { Connection } from "./connection.ts";
import { ControlWatch } from "./control-watch.ts";
import { drainSockets } from "./drain.ts";
import { join } from "./join.ts";
import { createGatewayMetrics } from "./metrics.ts";
import { RedisClock } from "./redis-clock.ts";
import { Rooms } from "./rooms.ts";
import { GatewayServer } from "./server.ts";
import { isOver } from "./session-watch.ts";
import { SubscriptionProbe } from "./subscription-probe.ts";
import { Sweep } from "./sweep.ts";
import { UserSockets } from "./user-sockets.ts";

const config = loadOrExit(() => loadConfig(process.env));
const log = createLog("gateway", config.logLevel).child({ gateway: config.gatewayId });

async function start(): Promise<RunningService> {
  const redis = commandClient(config.redisUrl, config.gatewayId, log);
  const subscriber = subscriberClient(config.redisUrl, config.gatewayId, log);
  await Promise.all([redis.connect(), subscriber.connect()]);
  await assertRedisSettings(redis);

  const registry = new Metrics("gateway");
  const metrics = createGatewayMetrics(registry, {
    sockets: () => server.connections.size,
    *connectionsByRoom() {
      for (const room of rooms.all()) {
        yield [room.name, "1", room.sockets.countV1];
        yield [room.name, "2", room.sockets.countV2];
      }
    },
  });
  const clock = new RedisClock();
  const api = new ApiClient(config.apiInternalUrl);
  const verifier = createTokenVerifier(config.token);
  const { maxMessagesPerUserPerMinute, messageHistoryLimit, waitBeforeOpenMinutes, enabled } = config.liveChat;
  const acceptor = new Acceptor({
    redis,
    log,
    limits: { session: maxMessagesPerUserPerMinute, conversation: config.conversations.maxMessagesPerUserPerMinute },
    restoreRoom: (room) => api.restoreRoom(room),
  });
  const users = new UserSockets(config.maxSocketsPerUser);

  const rooms = new Rooms({
    redis,
    subscriber,
    api,
    acceptor,
    clock,
    log,
    metrics,
    gatewayId: config.gatewayId,
    audienceMs: config.audienceMs,
    publish: (topic, bytes) => server.publish(topic, bytes),
    tickMs: config.tickMs,
    historyLimit: messageHistoryLimit,
    onSessionState: (room, state) => {
      // A session that comes back while its sockets leave (cancelled, and made again) keeps those that are still there.
      const leavesAtMs = () => (isOver(state) ? performance.now() + Math.random() * config.closeSpreadMs : Number.POSITIVE_INFINITY);
      for (const { connection } of room.sockets.seats) connection.leavesAtMs = leavesAtMs();
    },
  });
  const commands = createCommands({
    acceptor,
    api,
    verifier,
    clock,
    metrics,
    messagesPerMinute: maxMessagesPerUserPerMinute,
    historyLimit: messageHistoryLimit,
    resumes: new RateLimiterMemory({ points: 3, duration: 10 }),
    onBadFrame: (connection) => server.noteBadFrame(connection),
  });
  const joinDeps = {
    joins: new RateLimiterMemory({ points: config.joinsPerUser, duration: 10 }),
    verifier,
    rooms,
    users,
    clock,
    isEnabled: enabled,
    waitBeforeOpenMs: waitBeforeOpenMinutes * 60_000,
    commands,
  };

  const server = new GatewayServer({
    log,
    metrics,
    rules: { allowedOrigins: config.allowedOrigins, isAnyOriginAllowed: config.isAnyOriginAllowed },
    admission: new Admission(config.admission),
    trustedProxies: config.trustedProxies,
    handlers: commands,
    onOpen: (connection, token) => void join(joinDeps, connection, token),
    onClose: (connection) => forget(connection),
  });
  const sweep = new Sweep(server.connections);
  const forget = (connection: Connection) => {
    if (connection.userId !== undefined) users.remove(connection, connection.userId);
    for (const seat of connection.seats) rooms.leave(seat);
  };
  const control = new ControlWatch({
    redis,
    subscriber,
    log,
    onCommand: (command) => users.end(command.user_id, command.code, command.reason),
  });
  const probe = new SubscriptionProbe({
    redis,
    subscriber,
    gatewayId: config.gatewayId,
    log,
    onDead: () => metrics.deadSubscriptions.inc(),
  });
  const privateServer = new PrivateServer({
    host: config.privateHost,
    port: config.privatePort,
    metrics: registry,
    notReady: () => [
      ...(isReady(redis) ? [] : ["redis"]),
      ...(isReady(subscriber) ? [] : ["redis subscription"]),
      ...(server.isDraining ? ["draining"] : []),
    ],
  });

  rooms.start();
  await control.start();
  await probe.start();
  sweep.start();
  const privatePort = await privateServer.start();
  const publicPort = await server.listen(config.host, config.port, config.isPortShared);

  return {
    ports: { public: publicPort, private: privatePort },
    stop: async () => {
      server.stopListening();
      await drainSockets(server.connections, acceptor);
      control.stop();
      probe.stop();
      sweep.stop();
      await rooms.stop();
      server.close();
      redis.disconnect();
      subscriber.disconnect();
      await privateServer.stop();
    },
  };
}

await run({ log, stopTimeoutMs: config.stopTimeoutMs, start });
