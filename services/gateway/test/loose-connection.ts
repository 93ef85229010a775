/** A connection without a socket. */
import { Connection, type Wire } from "../src/connection.ts";
import type { SocketPath } from "../src/handshake.ts";

const NOWHERE: Wire = { send: () => 1, end: () => undefined, subscribe: () => true, unsubscribe: () => true, getBufferedAmount: () => 0 };

interface Options {
  /** Default 2. */
  version?: 1 | 2;
  /** Default: conversations. */
  path?: SocketPath;
  /** What of the wire matters; the rest leads nowhere. */
  wire?: Partial<Wire>;
}

export function looseConnection({ version = 2, path = { kind: "conversations" }, wire = {} }: Options = {}): Connection {
  const handshake = { path, version, token: "", subprotocol: undefined };
  return new Connection({ ...NOWHERE, ...wire }, handshake, {
    onClose: () => undefined,
    onDropped: () => undefined,
    onSent: () => undefined,
  });
}
