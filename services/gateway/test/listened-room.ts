/** A room with a listener of either version, whose wires lead nowhere; it is never opened, so nothing asks Redis. */
import { Acceptor } from "@drawchat/redis/accept";
import { commandClient } from "@drawchat/redis/connect";
import { createLog } from "@drawchat/runtime/log";
import { Metrics } from "@drawchat/runtime/metrics";
import { ApiClient } from "../src/api-client.ts";
import { Connection, type Wire } from "../src/connection.ts";
import { LiveRoom } from "../src/live-room.ts";
import { createGatewayMetrics } from "../src/metrics.ts";
import { RedisClock } from "../src/redis-clock.ts";
import { Seat } from "../src/seat.ts";

const NOWHERE: Wire = { send: () => 1, end: () => undefined, subscribe: () => true, unsubscribe: () => true, getBufferedAmount: () => 0 };

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
    metrics: createGatewayMetrics(new Metrics("test"), { sockets: () => 0, connectionsByRoom: () => [] }),
    publish: (topic, bytes) => told.push({ topic, frame: JSON.parse(bytes.toString()) }),
    tickMs: 10,
    historyLimit: 100,
    onSessionState: () => undefined,
  });
  for (const version of [1, 2] as const) {
    const handshake = { sessionId: 1, version, token: "", subprotocol: undefined };
    const connection = new Connection(NOWHERE, handshake, { onClose: () => undefined, onDropped: () => undefined });
    room.sockets.add(new Seat(connection, room, version));
  }
  return { room, told };
}
