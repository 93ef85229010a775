/**
 * The only file that knows uWebSockets. Its rules: callbacks are synchronous and never throw (a throw ends the
 * process); a message's bytes are gone after the callback; the upgrade is synchronous and the token is verified after it;
 * protocol violations are cut by the library, and the peer sees 1006.
 */

import "./header-limit.ts";
import * as uWS from "uWebSockets.js";
import { CLOSE, ERRORS, type ErrorCode } from "@drawchat/protocol/errors";
import { type Log, maskUrl } from "@drawchat/runtime/log";
import type { Admission } from "./admission.ts";
import { sendPages } from "./catch-up.ts";
import type { ClientAddress, TrustedProxies } from "./client-address.ts";
import { Connection, type ConnectionEvents, type FrameHandler } from "./connection.ts";
import {
  CONVERSATIONS_PATH,
  type Handshake,
  type HandshakeRules,
  judgeHandshake,
  judgePlainRequest,
  type SocketPath,
} from "./handshake.ts";
import type { GatewayMetrics } from "./metrics.ts";

/** Declared frames above these are cut by the library; between our own limits and these we answer `too_large`. */
const MAX_PAYLOAD_BYTES = 8_192;
const MAX_CONVERSATION_PAYLOAD_BYTES = 16_384;
const MAX_BACKPRESSURE_BYTES = 1_048_576;
const IDLE_TIMEOUT_SECONDS = 60;
/** The library's LIBUS_LISTEN_* options. */
const LISTEN_DEFAULT = 0;
const LISTEN_EXCLUSIVE_PORT = 1;

export interface ServerOptions {
  log: Log;
  metrics: GatewayMetrics;
  rules: HandshakeRules;
  admission: Admission;
  trustedProxies: TrustedProxies;
  handlers: { v1: FrameHandler; v2: FrameHandler; conversations: FrameHandler };
  onOpen: (connection: Connection, handshake: Handshake) => void;
  onClose: (connection: Connection) => void;
}

interface SocketData {
  /** Until it is open: the token in it weighs as much as all the rest. */
  handshake: Handshake | undefined;
  connection: Connection | undefined;
  address: ClientAddress | undefined;
}

type Socket = uWS.WebSocket<SocketData>;

export class GatewayServer {
  readonly connections = new Set<Connection>();
  readonly #options: ServerOptions;
  readonly #app = uWS.App();
  #listenSocket: uWS.us_listen_socket | undefined;
  #isDraining = false;

  /** One for all connections: a closure each would be part of what an idle one costs. */
  readonly #events: ConnectionEvents = {
    onClose: (code) => this.#options.metrics.closed.inc({ code: closeLabel(code) }),
    onDropped: () => this.#options.metrics.dropped.inc(),
    onSent: (bytes) => this.#noteSent(1, bytes),
  };

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#app.ws(CONVERSATIONS_PATH, this.#behaviour(MAX_CONVERSATION_PAYLOAD_BYTES));
    this.#app.ws("/*", this.#behaviour(MAX_PAYLOAD_BYTES));
    this.#app.any("/*", (response, request) => {
      refuse(response, judgePlainRequest({ ...requestLine(request), header: (name) => request.getHeader(name) }));
    });
  }

  /** Resolves with the port; rejects where it is taken. */
  async listen(host: string, port: number, isShared: boolean): Promise<number> {
    const option = isShared ? LISTEN_DEFAULT : LISTEN_EXCLUSIVE_PORT;
    const socket = await new Promise<uWS.us_listen_socket | false>((resolve) => this.#app.listen(host, port, option, resolve));
    if (socket === false) throw new Error(`port ${port} on ${host} cannot be listened on: is it taken?`);
    this.#listenSocket = socket;
    return uWS.us_socket_local_port(socket);
  }

  publish(topic: string, bytes: Buffer | string): void {
    this.#noteSent(this.#app.numSubscribers(topic), bytes.length);
    this.#app.publish(topic, bytes, false);
  }

  #noteSent(sockets: number, bytes: number): void {
    const { framesSent, bytesSent } = this.#options.metrics;
    framesSent.inc(sockets);
    bytesSent.inc(sockets * bytes);
  }

  /** Open sockets that came for this. */
  countOf(kind: SocketPath["kind"]): number {
    let count = 0;
    for (const connection of this.connections) if (connection.kind === kind) count += 1;
    return count;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** New connections are refused from here on; open sockets stay. */
  stopListening(): void {
    this.#isDraining = true;
    if (this.#listenSocket !== undefined) uWS.us_listen_socket_close(this.#listenSocket);
    this.#listenSocket = undefined;
  }

  close(): void {
    this.#app.close();
  }

  /** Three refusals of form in 10 s end a socket. */
  noteBadFrame(connection: Connection): void {
    if (connection.budget.countBadFrame(performance.now()) === "bad") connection.end("badFrames");
  }

  #behaviour(maxPayloadLength: number): uWS.WebSocketBehavior<SocketData> {
    return {
      maxPayloadLength,
      maxBackpressure: MAX_BACKPRESSURE_BYTES,
      closeOnBackpressureLimit: true,
      idleTimeout: IDLE_TIMEOUT_SECONDS,
      sendPingsAutomatically: true,
      maxLifetime: 0,
      upgrade: (response, request, context) => this.#guard(() => this.#onUpgrade(response, request, context)),
      open: (socket) => this.#guard(() => this.#onOpen(socket)),
      message: (socket, message, isBinary) => this.#guard(() => this.#onMessage(socket, message, isBinary)),
      ping: (socket) => this.#guard(() => this.#countFrame(socket)),
      pong: (socket) => this.#guard(() => this.#countFrame(socket)),
      drain: (socket) => this.#guard(() => this.#onDrain(socket)),
      dropped: () => this.#options.metrics.dropped.inc(),
      close: (socket, code) => this.#guard(() => this.#onClose(socket, code)),
    };
  }

  #onUpgrade(response: uWS.HttpResponse, request: uWS.HttpRequest, context: uWS.us_socket_context_t): void {
    const verdict = judgeHandshake(
      {
        ...requestLine(request),
        query: request.getQuery() ?? "",
        header: (name) => request.getHeader(name),
        hosts: countHosts(request),
      },
      this.#options.rules,
    );
    const peer = Buffer.from(response.getRemoteAddressAsText()).toString("latin1");
    const address = this.#options.trustedProxies.clientOf(peer, request.getHeader("x-forwarded-for"));
    const unwelcome = this.#isDraining ? "draining" : this.#options.admission.judge(address, performance.now());
    const code = unwelcome ?? (verdict.ok ? undefined : verdict.code);
    if (!verdict.ok || code !== undefined) {
      this.#options.metrics.handshakesRefused.inc({ code: code ?? "internal" });
      // Without the query: a token may be in it under a name that no mask knows (`%74oken`).
      this.#options.log.debug({ component: "websocket", path: maskUrl(request.getUrl()), code }, "handshake refused");
      refuse(response, code ?? "internal");
      return;
    }
    const { handshake } = verdict;
    response.upgrade<SocketData>(
      { handshake, connection: undefined, address },
      request.getHeader("sec-websocket-key"),
      handshake.subprotocol ?? "",
      "",
      context,
    );
  }

  #onOpen(socket: Socket): void {
    const data = socket.getUserData();
    const { handshake } = data;
    if (handshake === undefined) return;
    data.handshake = undefined;
    const connection = new Connection(socket, handshake, this.#events);
    data.connection = connection;
    this.connections.add(connection);
    data.address = data.address && this.#options.admission.enter(data.address);
    this.#options.onOpen(connection, handshake);
  }

  #onMessage(socket: Socket, message: ArrayBuffer, isBinary: boolean): void {
    const connection = this.#countFrame(socket);
    if (connection === undefined) return;
    if (isBinary) {
      this.#options.metrics.refused.inc({ code: "bad_format" });
      connection.sendError("bad_format");
      this.noteBadFrame(connection);
      return;
    }
    connection.receive(Buffer.from(message), this.#handlerOf(connection));
  }

  #handlerOf({ kind, version }: Connection): FrameHandler {
    const { v1, v2, conversations } = this.#options.handlers;
    if (kind === "conversations") return conversations;
    return version === 1 ? v1 : v2;
  }

  /** Undefined where the socket is gone, or goes now because of this frame: a flood must end inside its own callback. */
  #countFrame(socket: Socket): Connection | undefined {
    const { connection } = socket.getUserData();
    if (connection === undefined || !connection.isAlive) return undefined;
    this.#options.metrics.frames.inc();
    if (connection.budget.countFrame(performance.now()) === "ok") return connection;
    connection.end("flood");
    return undefined;
  }

  #onDrain(socket: Socket): void {
    const { connection } = socket.getUserData();
    for (const seat of connection?.seats ?? []) sendPages(seat);
  }

  #onClose(socket: Socket, code: number): void {
    const { connection, address } = socket.getUserData();
    if (connection === undefined) return;
    this.#options.admission.leave(address);
    connection.markClosed(code);
    this.connections.delete(connection);
    this.#options.onClose(connection);
  }

  #guard(callback: () => unknown): void {
    try {
      callback();
    } catch (error) {
      this.#options.log.error({ component: "websocket", err: error }, "callback failed");
    }
  }
}

function requestLine(request: uWS.HttpRequest): { method: string; path: string } {
  return { method: request.getMethod(), path: request.getUrl() };
}

function countHosts(request: uWS.HttpRequest): number {
  let hosts = 0;
  request.forEach((name) => {
    if (name === "host") hosts += 1;
  });
  return hosts;
}

const CLOSE_LABELS = new Set<number>([1000, 1001, 1005, 1006, ...Object.values(CLOSE).map(({ code }) => code)]);

/** A client may close with any of thousands of codes: a metric does not get a label for each. */
function closeLabel(code: number): number | "other" {
  return CLOSE_LABELS.has(code) ? code : "other";
}

function refusalHeaders(code: ErrorCode): Record<string, string> {
  if (code === "upgrade_version") return { Upgrade: "websocket", "Sec-WebSocket-Version": "13" };
  if (code === "rate_limited") return { "Retry-After": "1" };
  if (code === "draining" || code === "overloaded") return { "Retry-After": String(1 + Math.floor(Math.random() * 10)) };
  if (code === "method_not_allowed") return { Allow: "GET" };
  return {};
}

/** An HTTP refusal as a problem document. */
function refuse(response: uWS.HttpResponse, code: ErrorCode): void {
  const { status, message } = ERRORS[code];
  response.cork(() => {
    response.writeStatus(`${status} ${STATUS_TEXT[status] ?? "Refused"}`);
    response.writeHeader("Content-Type", "application/problem+json");
    for (const [name, value] of Object.entries(refusalHeaders(code))) response.writeHeader(name, value);
    response.end(
      JSON.stringify({ type: `urn:drawchat:error:${code}`, title: STATUS_TEXT[status] ?? "Refused", status, detail: message, code }),
      true,
    );
  });
}

const STATUS_TEXT: Record<number, string> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  426: "Upgrade Required",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable",
};
