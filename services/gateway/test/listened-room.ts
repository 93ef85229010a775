/** A room with a listener of either version, whose wires lead nowhere; it is never opened, so nothing asks Redis. */
import { Acceptor } from "@drawchat/redis/accept";
import { commandClient } from "@drawchat/redis/connect";
import { createLog } from "@drawchat/runtime/log";
import { Metrics } from "@drawchat/runtime/metrics";
import { ApiClient } from "../src/api-client.ts";
import { LiveRoom } from "../src/live-room.ts";
import { MemberRooms } from "../src/member-rooms.ts";
import { createGatewayMetrics } from "../src/metrics.ts";
import { RedisClock } from "../src/redis-clock.ts";
import { Seat } from "../src/seat.ts";
import { looseConnection } from "./loose-connection.ts";

/** What the room's topics are told is collected. */
export function listenedRoom(): { room: LiveRoom; told: { topic: string; frame: unknown }[] } {
  const log = createLog("test", "silent");
  const redis = commandClient("redis://127.0.0.1:1", "test", log);
  const told: { topic: string; frame: unknown }[] = [];
  const room = new LiveRoom("s1", {
    redis,
    log,
    api: new ApiClient("http://127.0.0.1:1"),
    acceptor: new Acceptor({ redis, log, limits: { session: 0, conversation: 0 }, restoreRoom: async () => "unavailable" }),
    clock: new RedisClock(),
    metrics: createGatewayMetrics(new Metrics("test"), {
      sockets: () => 0,
      connectionsByRoom: () => [],
      rooms: () => ({ session: 0, conversation: 0, notes: 0 }),
    }),
    publish: (topic, bytes) => told.push({ topic, frame: JSON.parse(bytes.toString()) }),
    tickMs: 10,
    historyLimit: 100,
    onSessionState: () => undefined,
    memberRooms: new MemberRooms(),
    presenceOf: () => "offline",
    evict: () => undefined,
  });
  for (const version of [1, 2] as const) {
    const connection = looseConnection(version, { kind: "session", sessionId: 1 });
    room.sockets.add(new Seat(connection, room, version));
  }
  return { room, told };
}
