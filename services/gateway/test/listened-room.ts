/** Rooms outside of a gateway. */
import { Acceptor } from "@drawchat/redis/accept";
import { commandClient, type RedisClient } from "@drawchat/redis/connect";
import { createLog } from "@drawchat/runtime/log";
import { Metrics } from "@drawchat/runtime/metrics";
import { ApiClient } from "../src/api-client.ts";
import { LiveRoom, type LiveRoomDeps } from "../src/live-room.ts";
import { LoadLevel } from "../src/load-level.ts";
import { MemberRooms } from "../src/member-rooms.ts";
import { createGatewayMetrics } from "../src/metrics.ts";
import { RedisClock } from "../src/redis-clock.ts";
import { Seat } from "../src/seat.ts";
import { looseConnection } from "./loose-connection.ts";

const log = createLog("test", "silent");
/** Never connected: for what asks Redis nothing. */
export const nowhere = commandClient("redis://127.0.0.1:1", "test", log);

/** What a room needs; its topics' bytes go to `publish`. */
export function roomDeps(redis: RedisClient, publish: LiveRoomDeps["publish"]): LiveRoomDeps {
  return {
    redis,
    log,
    publish,
    api: new ApiClient("http://127.0.0.1:1"),
    acceptor: new Acceptor({ redis, log, limits: { session: 0, conversation: 0 }, restoreRoom: async () => "unavailable" }),
    clock: new RedisClock(),
    load: new LoadLevel({ bounds: [], holdMs: 0 }),
    metrics: createGatewayMetrics(new Metrics("test"), {
      sockets: () => 0,
      connectionsByRoom: () => [],
      rooms: () => ({ session: 0, conversation: 0, notes: 0 }),
    }),
    tickMs: 10,
    historyLimit: 100,
    onSessionState: () => undefined,
    memberRooms: new MemberRooms(),
    presenceOf: () => "offline",
    evict: () => undefined,
  };
}

/**
 * A session's room with a listener of either version, whose wires lead nowhere; it is never opened. What its topics are
 * told is collected.
 */
export function listenedRoom(): { room: LiveRoom; told: { topic: string; frame: unknown }[] } {
  const told: { topic: string; frame: unknown }[] = [];
  const room = new LiveRoom(
    "s1",
    roomDeps(nowhere, (topic, bytes) => told.push({ topic, frame: JSON.parse(bytes.toString()) })),
  );
  for (const version of [1, 2] as const) {
    const connection = looseConnection({ version, path: { kind: "session", sessionId: 1 } });
    room.sockets.add(new Seat(connection, room, version));
  }
  return { room, told };
}
