/** The gateway: sockets on one side, Redis on the other. Wiring only. */
import { createTokenVerifier } from "@drawchat/auth/token";
import { Acceptor } from "@drawchat/redis/accept";
import { assertRedisSettings, commandClient, isReady } from "@drawchat/redis/connect";
import { Subscriber } from "@drawchat/redis/subscriber";
import { createLog } from "@drawchat/runtime/log";
import { Metrics } from "@drawchat/runtime/metrics";
import { PrivateServer } from "@drawchat/runtime/private-server";
import { loadOrExit, type RunningService, run } from "@drawchat/runtime/run";
import { RateLimiterMemory } from "rate-limiter-flexible";
import { Admission } from "./admission.ts";
import { ApiClient } from "./api-client.ts";
import { loadConfig } from "./config.ts";
import type { Connection } from "./connection.ts";
import { ControlWatch } from "./control-watch.ts";
import { createConversationCommands } from "./conversation-commands.ts";
import { drainSockets } from "./drain.ts";
import { InboxFeed } from "./inbox-feed.ts";
import { JoinPace } from "./join-pace.ts";
import { joinSession } from "./join-session.ts";
import { LoadLevel } from "./load-level.ts";
import { LoadWatch } from "./load-watch.ts";
import { MemberRooms, tellPresence } from "./member-rooms.ts";
import { createGatewayMetrics } from "./metrics.ts";
import { openConversations, refreshProfiles } from "./open-conversations.ts";
import { Presence } from "./presence.ts";
import { RedisClock } from "./redis-clock.ts";
import { Rooms } from "./rooms.ts";
import { GatewayServer } from "./server.ts";
import { createSessionCommands } from "./session-commands.ts";
import { isOver } from "./session-watch.ts";
import { SubscriptionProbe } from "./subscription-probe.ts";
import { Sweep } from "./sweep.ts";
import { Trails } from "./trail.ts";
import { UserSockets } from "./user-sockets.ts";

const config = loadOrExit(() => loadConfig(process.env));
const log = createLog("gateway", config.logLevel).child({ gateway: config.gatewayId });

async function start(): Promise<RunningService> {
  const redis = commandClient(config.redisUrl, config.gatewayId, log);
  const subscriber = new Subscriber(config.redisUrl, config.gatewayId, log);
  await Promise.all([redis.connect(), subscriber.connect()]);
  await assertRedisSettings(redis);

  const registry = new Metrics("gateway");
  const metrics = createGatewayMetrics(registry, {
    sockets: () => server.connections.size,
    *connectionsByRoom() {
      for (const room of rooms.all()) {
        if (room.side.kind !== "session") continue;
        yield [room.name, "1", room.sockets.countV1];
        yield [room.name, "2", room.sockets.countV2];
      }
      yield ["conversations", "2", server.countOf("conversations")];
    },
    rooms: () => rooms.count(),
  });
  const clock = new RedisClock();
  const api = new ApiClient(config.apiInternalUrl);
  const verifier = createTokenVerifier(config.token);
  const { maxMessagesPerUserPerMinute, sampleAbovePerSecond, messageHistoryLimit, waitBeforeOpenMinutes, enabled } = config.liveChat;
  const acceptor = new Acceptor({
    redis,
    log,
    limits: { session: maxMessagesPerUserPerMinute, conversation: config.conversations.maxMessagesPerUserPerMinute },
    sampleAbovePerSecond,
    restoreRoom: (room) => api.restoreRoom(room),
  });
  // Sockets of one path do not push out those of the other.
  const users = { session: new UserSockets(config.maxSocketsPerUser), conversations: new UserSockets(config.maxSocketsPerUser) };
  const memberRooms = new MemberRooms();
  const presence = new Presence({
    redis,
    subscriber,
    gatewayId: config.gatewayId,
    clock,
    log,
    onPresence: (userId, state, lastSeenMs) => tellPresence(memberRooms, userId, state, lastSeenMs),
  });
  const inbox = new InboxFeed({ subscriber, log });
  const trails = config.trailEvents > 0 ? new Trails(config.trailEvents) : undefined;

  const load = new LoadLevel(config.overload);
  const rooms = new Rooms({
    redis,
    subscriber,
    api,
    acceptor,
    clock,
    load,
    log,
    metrics,
    gatewayId: config.gatewayId,
    audienceMs: config.audienceMs,
    publish: (topic, bytes) => server.publish(topic, bytes),
    tickMs: config.tickMs,
    historyLimit: messageHistoryLimit,
    trails,
    memberRooms,
    presenceOf: (userId) => presence.stateOf(userId),
    onSessionState: (sockets, state) => {
      // A session that comes back while its sockets leave (cancelled, and made again) keeps those that are still there.
      const leavesAtMs = () => (isOver(state) ? performance.now() + Math.random() * config.closeSpreadMs : undefined);
      for (const { connection } of sockets.seats) connection.leavesAtMs = leavesAtMs();
    },
  });
  const shared = {
    acceptor,
    api,
    verifier,
    clock,
    metrics,
    historyLimit: messageHistoryLimit,
    resumes: new RateLimiterMemory({ points: 3, duration: 10 }),
    onBadFrame: (connection: Connection) => server.noteBadFrame(connection),
  };
  const handlers = {
    ...createSessionCommands({ ...shared, messagesPerMinute: maxMessagesPerUserPerMinute }),
    conversations: createConversationCommands({
      ...shared,
      redis,
      rooms,
      presence,
      inbox,
      messagesPerMinute: config.conversations.maxMessagesPerUserPerMinute,
    }),
  };
  const joins = new JoinPace(config.joinsPerUser);
  const sessionDeps = {
    joins,
    verifier,
    users: users.session,
    rooms,
    clock,
    isEnabled: enabled,
    waitBeforeOpenMs: waitBeforeOpenMinutes * 60_000,
    commands: handlers,
  };
  const conversationDeps = { joins, verifier, users: users.conversations, api, commands: handlers.conversations };

  const server = new GatewayServer({
    log,
    metrics,
    rules: { allowedOrigins: config.allowedOrigins, isAnyOriginAllowed: config.isAnyOriginAllowed },
    admission: new Admission(config.admission, load),
    trustedProxies: config.trustedProxies,
    handlers,
    onOpen: (connection, { path, token }) => {
      if (path.kind === "session") void joinSession(sessionDeps, connection, token, path.sessionId);
      else void openConversations(conversationDeps, connection, token);
    },
    onClose: (connection) => forget(connection),
  });
  const sweep = new Sweep(server.connections);
  const loadWatch = new LoadWatch({
    load,
    ...config.overload,
    log,
    metrics,
    sweepShare: () => rooms.sweepShare,
    bufferedBytes: () => sweep.bufferedBytes,
  });
  const forget = (connection: Connection) => {
    const { userId, kind } = connection;
    for (const seat of connection.seats) rooms.leave(seat);
    if (userId === undefined) return;
    users[kind].remove(connection, userId);
    joins.noteEnd(userId, performance.now());
    if (kind === "session") return;
    inbox.leave(connection, userId);
    presence.remove(connection, userId);
  };
  const control = new ControlWatch({
    redis,
    subscriber,
    log,
    onCommand: (command) => {
      const { user_id: userId } = command;
      if (command.type === "end_user") {
        for (const sockets of Object.values(users)) sockets.end(userId, command.code, command.reason);
        return;
      }
      refreshProfiles(api, users.conversations.of(userId)).catch((error: unknown) => {
        log.warn(
          { component: "conversations", user_id: userId, err: error },
          "a user's new name is not known, the next connect asks for it",
        );
      });
    },
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
      ...(subscriber.isReady ? [] : ["redis subscription"]),
      ...(server.isDraining ? ["draining"] : []),
    ],
    ...(trails === undefined ? {} : { routes: { "/trail": (query) => trails.answer(query) } }),
  });

  rooms.start();
  await control.start();
  await presence.start();
  await probe.start();
  sweep.start();
  loadWatch.start();
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
      loadWatch.stop();
      await Promise.all([rooms.stop(), presence.stop()]);
      server.close();
      redis.disconnect();
      subscriber.disconnect();
      await privateServer.stop();
    },
  };
}

await run({ log, stopTimeoutMs: config.stopTimeoutMs, start });
