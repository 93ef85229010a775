/** Once a second over all sockets: what is due is found here, so that no socket carries timers of its own. */
import type { Connection } from "./connection.ts";

const SWEEP_MS = 1_000;
const SLOW_BYTES = 65_536;
const SLOW_MS = 5_000;
const HELLO_MS = 5_000;
const EXPIRY_NOTICE_MS = 60_000;
const EXPIRY_GRACE_MS = 15_000;

export class Sweep {
  readonly #connections: ReadonlySet<Connection>;
  #timer: NodeJS.Timeout | undefined;
  #bufferedBytes = 0;

  constructor(connections: ReadonlySet<Connection>) {
    this.#connections = connections;
  }

  /** What sockets had not taken when they were last looked at. */
  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  start(): void {
    this.#timer = setInterval(() => this.#sweep(performance.now(), Date.now()), SWEEP_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #sweep(nowMs: number, wallMs: number): void {
    let bufferedBytes = 0;
    for (const connection of this.#connections) {
      const buffered = connection.bufferedAmount();
      bufferedBytes += buffered;
      this.#judgeReading(connection, buffered, nowMs);
      this.#judgeHello(connection, nowMs);
      this.#judgeToken(connection, wallMs);
      connection.budget.forget(nowMs);
      if (connection.leavesAtMs !== undefined && nowMs >= connection.leavesAtMs) connection.end("session", "the session is over");
    }
    this.#bufferedBytes = bufferedBytes;
  }

  /** The close frame waits behind what the peer does not read; uWebSockets lets the socket go some seconds later. */
  #judgeReading(connection: Connection, buffered: number, nowMs: number): void {
    if (buffered <= SLOW_BYTES) connection.slowSinceMs = undefined;
    else if (connection.slowSinceMs === undefined) connection.slowSinceMs = nowMs;
    else if (nowMs - connection.slowSinceMs >= SLOW_MS) connection.end("slowReader");
  }

  #judgeHello(connection: Connection, nowMs: number): void {
    if (connection.version === 2 && !connection.isGreeted && nowMs - connection.openedMs > HELLO_MS) {
      connection.end("badFrames", "no hello within 5 s");
    }
  }

  #judgeToken(connection: Connection, wallMs: number): void {
    const { identity } = connection;
    if (identity === undefined) return;
    if (wallMs >= identity.expiresAtMs + EXPIRY_GRACE_MS) connection.end("token", "token expired");
    else if (
      wallMs >= identity.expiresAtMs - EXPIRY_NOTICE_MS &&
      !connection.isExpiryTold &&
      connection.isGreeted &&
      connection.version === 2
    ) {
      connection.isExpiryTold = true;
      connection.send(JSON.stringify({ type: "token_expiring", at: new Date(identity.expiresAtMs).toISOString() }));
    }
  }
}
