/** A connection whose wire leads nowhere. */
import { Connection, type Wire } from "../src/connection.ts";
import type { SocketPath } from "../src/handshake.ts";

const NOWHERE: Wire = { send: () => 1, end: () => undefined, subscribe: () => true, unsubscribe: () => true, getBufferedAmount: () => 0 };

export function looseConnection(version: 1 | 2 = 2, path: SocketPath = { kind: "conversations" }): Connection {
  const handshake = { path, version, token: "", subprotocol: undefined };
  return new Connection(NOWHERE, handshake, { onClose: () => undefined, onDropped: () => undefined });
}
