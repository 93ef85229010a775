import type { RoomKind } from "@drawchat/protocol/ids";
import type { Metrics } from "@drawchat/runtime/metrics";

export type GatewayMetrics = ReturnType<typeof createGatewayMetrics>;

const TICK_BUCKETS_MS = [1, 2, 5, 10, 20, 50, 100, 250, 1_000];

/** Every figure of a gateway that is its own; the process's (CPU, memory, loop delay) come with the registry. */
export interface GatewayFigures {
  /** Open sockets, in a room or not yet. */
  sockets: () => number;
  /** Of sessions by name; those of conversations are one. */
  connectionsByRoom: () => Iterable<[room: string, version: "1" | "2", count: number]>;
  rooms: () => Record<RoomKind, number>;
}

export function createGatewayMetrics(metrics: Metrics, { sockets, connectionsByRoom, rooms }: GatewayFigures) {
  // Always there, also at 0: what scales gateways by it must see that they are empty.
  metrics.gauge("gateway_sockets", "Open sockets", [], (gauge) => gauge.set(sockets()));
  metrics.gauge(
    "gateway_connections",
    "Open sockets by session and wire version, those of conversations as one room",
    ["room", "version"],
    (gauge) => {
      gauge.reset();
      for (const [room, version, count] of connectionsByRoom()) gauge.set({ room, version }, count);
    },
  );
  metrics.gauge("gateway_rooms", "Rooms with listeners on this gateway, by kind", ["kind"], (gauge) => {
    for (const [kind, count] of Object.entries(rooms())) gauge.set({ kind }, count);
  });
  return {
    handshakesRefused: metrics.counter("gateway_handshakes_refused_total", "Upgrades refused by HTTP status", ["code"]),
    closed: metrics.counter("gateway_closed_total", "Sockets closed, by close code", ["code"]),
    frames: metrics.counter("gateway_frames_total", "Frames received from clients"),
    accepted: metrics.counter("gateway_accepted_total", "Messages and likes accepted", ["kind"]),
    refused: metrics.counter("gateway_refused_total", "Messages, likes and frames refused, by code", ["code"]),
    published: metrics.counter("gateway_publications_total", "Publications received from Redis"),
    delivered: metrics.counter("gateway_delivered_total", "Events handed to sockets (events × sockets)"),
    framesSent: metrics.counter("gateway_frames_sent_total", "Frames handed to sockets, one by one or to all of a room (frames × sockets)"),
    bytesSent: metrics.counter("gateway_bytes_sent_total", "Bytes of these frames, before what the network adds"),
    skipped: metrics.counter(
      "gateway_skipped_total",
      "Messages left out of live frames because the session was beyond LIVE_CHAT_SAMPLE_ABOVE_PER_SECOND",
    ),
    loadLevel: metrics.gauge("gateway_load_level", "Steps taken because the gateway is full: 1 ticks, 2 counts too, 3 admission too"),
    loadPressure: metrics.gauge("gateway_load_pressure", "How full the gateway is, by fact, of 1; the largest decides", ["fact"]),
    loadSteps: metrics.counter("gateway_load_steps_total", "Steps taken and ended again", ["step", "move"]),
    tick: metrics.histogram("gateway_tick_ms", "Time between two frames to a busy room, in ms", TICK_BUCKETS_MS),
    historyReads: metrics.counter(
      "gateway_history_reads_total",
      "Reads of a room's history in Redis: a room opened, a hole, a resume from beyond the ring; joins and resumes come from memory",
    ),
    repairs: metrics.counter("gateway_repairs_total", "Holes filled from history"),
    roomsNotOpened: metrics.counter(
      "gateway_rooms_not_opened_total",
      "Openings of a room that failed (Redis or the api away); the joiners were sent away",
    ),
    resets: metrics.counter("gateway_resets_total", "Rooms reset because Redis lost what was shown"),
    deadSubscriptions: metrics.counter("gateway_dead_subscriptions_total", "Subscriptions found dead by the self-probe"),
    dropped: metrics.counter("gateway_dropped_total", "Frames dropped on sockets that do not read (the socket is closed)"),
  };
}
