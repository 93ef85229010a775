/**
 * One WebSocket, from opening to its end. It says "closed" exactly once, also where the network died silently:
 * nothing heard for a while → ping, still nothing → given up without waiting for the close handshake.
 */
/** What the client needs of a WebSocket: the browser's, Node 22's, or any other with this shape. */
export interface SocketLike {
  readonly readyState: number;
  send(data: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: "open", listener: () => void): void;
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
  addEventListener(type: "close", listener: (event: { code: number; reason: string }) => void): void;
}

export type SocketConstructor = new (url: string, protocols: string[]) => SocketLike;

export interface ConnectionOptions {
  url: string;
  protocols: string[];
  webSocket: SocketConstructor;
  /** After this long without any byte from the server the connection counts as dead. */
  silenceMs: number;
  onOpen(): void;
  onText(text: string): void;
  onClose(code: number, reason: string): void;
}

/** What browsers report for a connection that ended without a close frame; used here for a silent one too. */
const ABNORMAL = 1006;
const OPEN = 1;
/** Looks per silence period: a ping goes out after the first quiet one, the end comes with the last. */
const LOOKS = 4;

export class Connection {
  readonly #socket: SocketLike;
  readonly #options: ConnectionOptions;
  readonly #looking: ReturnType<typeof setInterval>;
  #probing: ReturnType<typeof setTimeout> | undefined;
  #quietLooks = 0;
  #ended: boolean = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#socket = new options.webSocket(options.url, options.protocols);
    this.#socket.addEventListener("open", () => this.#onOpen());
    this.#socket.addEventListener("message", (event) => this.#onMessage(event.data));
    this.#socket.addEventListener("close", (event) => this.#end(event.code, event.reason));
    this.#looking = setInterval(() => this.#look(), options.silenceMs / LOOKS);
  }

  /** False where the socket is not open: the frame did not leave. */
  send(frame: object): boolean {
    if (this.#ended || this.#socket.readyState !== OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /** Asks for a sign of life; without one within `withinMs` the connection ends. For "you are back online" hints. */
  probe(withinMs: number): void {
    if (this.#ended || this.#probing !== undefined) return;
    this.send({ type: "ping" });
    this.#probing = setTimeout(() => this.#giveUp("no answer to a probe"), withinMs);
  }

  /** Ends it from this side; `onClose` is not called. */
  close(): void {
    if (this.#ended) return;
    this.#stop();
    this.#socket.close(1000);
  }

  #onOpen(): void {
    if (!this.#ended) this.#options.onOpen();
  }

  #onMessage(data: unknown): void {
    if (this.#ended) return;
    this.#quietLooks = 0;
    clearTimeout(this.#probing);
    this.#probing = undefined;
    if (typeof data === "string") this.#options.onText(data);
  }

  #look(): void {
    this.#quietLooks += 1;
    if (this.#quietLooks >= LOOKS) this.#giveUp("nothing heard");
    else if (this.#quietLooks >= 2) this.send({ type: "ping" });
  }

  #giveUp(reason: string): void {
    if (this.#ended) return;
    this.#end(ABNORMAL, reason);
    this.#socket.close();
  }

  #end(code: number, reason: string): void {
    if (this.#ended) return;
    this.#stop();
    this.#options.onClose(code, reason);
  }

  #stop(): void {
    this.#ended = true;
    clearInterval(this.#looking);
    clearTimeout(this.#probing);
  }
}
