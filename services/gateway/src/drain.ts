/**
 * Leaving without losing anything: what is in flight is answered first, then every socket is told when to come back
 * elsewhere, each with its own delay, so that they do not arrive in one wave; then it is closed with 1012.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Acceptor } from "@drawchat/redis/accept";
import type { Connection } from "./connection.ts";

const SLICE_SOCKETS = 200;
const SLICE_GAP_MS = 20;
/** A gateway takes this many handshakes a second without stalling. */
const COMEBACKS_PER_SECOND = 200;
const MIN_SPREAD_MS = 500;

export async function drainSockets(connections: ReadonlySet<Connection>, acceptor: Acceptor): Promise<void> {
  const leaving = [...connections].filter((connection) => connection.isAlive);
  for (const connection of leaving) connection.quiet();
  await acceptor.drained();
  const spreadMs = Math.max(MIN_SPREAD_MS, (leaving.length / COMEBACKS_PER_SECOND) * 1_000);
  for (let i = 0; i < leaving.length; i += SLICE_SOCKETS) {
    if (i > 0) await delay(SLICE_GAP_MS);
    for (const connection of leaving.slice(i, i + SLICE_SOCKETS)) {
      if (connection.version === 2) connection.send(`{"type":"reconnect","after_ms":${Math.floor(Math.random() * spreadMs)}}`);
      connection.end("drain");
    }
  }
}
