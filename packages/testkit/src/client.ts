/** A small chat client for tests, on Node's own WebSocket: it keeps every frame, in order, and lets a test wait for one. */
import { randomUUID } from "node:crypto";
import { type ServerFrame, type ServerFrameV1, V2_SUBPROTOCOL } from "@drawchat/protocol/frames";

export type AnyServerFrame = ServerFrame | ServerFrameV1;
type FrameOf<T extends AnyServerFrame["type"]> = Extract<AnyServerFrame, { type: T }>;

export interface ClientOptions {
  /** `ws://…/live-chat/ws/1`, without the token. */
  url: string;
  /** Absent: no token is sent. */
  token?: string;
  /** Where the token goes. Default `query` for version 1, `subprotocol` for version 2. */
  tokenIn?: "query" | "header" | "subprotocol";
  /** Default 2. */
  version?: 1 | 2;
  headers?: Readonly<Record<string, string>>;
}

export interface SocketEnd {
  code: number;
  reason: string;
}

const WAIT_MS = 10_000;

interface Waiter {
  check: () => void;
  fail: (error: Error) => void;
}

export class TestClient {
  /** Everything that came, in order. */
  readonly frames: AnyServerFrame[] = [];
  /** Resolves with the close code; 1006 where the connection broke or the handshake was refused. */
  readonly closed: Promise<SocketEnd>;
  readonly #socket: WebSocket;
  readonly #opened: Promise<void>;
  readonly #waiters = new Set<Waiter>();
  #end: SocketEnd | undefined;

  /** Begins to connect; see `open` and `opened`. */
  constructor(options: ClientOptions) {
    this.#socket = openSocket(options);
    this.#socket.binaryType = "arraybuffer";
    this.#socket.addEventListener("message", (event) => this.#onMessage(event.data));
    const opened = Promise.withResolvers<void>();
    this.#socket.addEventListener("open", () => opened.resolve());
    this.closed = new Promise((resolve) => {
      this.#socket.addEventListener("close", ({ code, reason }) => {
        this.#end = { code, reason };
        opened.reject(new Error(`the socket closed with ${code} ${reason}`));
        for (const waiter of this.#waiters) waiter.fail(this.#endError());
        resolve(this.#end);
      });
    });
    this.#opened = opened.promise;
    this.#opened.catch(() => undefined); // `closed` tells it too
  }

  /** Resolves once the handshake is done (the token may still be refused by a close). */
  static async open(options: ClientOptions): Promise<TestClient> {
    const client = new TestClient(options);
    await client.#opened;
    return client;
  }

  /** Version 2, up to the `welcome`. */
  static async join(options: ClientOptions, since?: { epoch: string; id: number }): Promise<TestClient> {
    const client = await TestClient.open(options);
    client.send({ type: "hello", ...(since === undefined ? {} : { since }) });
    await client.waitFor("welcome");
    return client;
  }

  /** The subprotocol that the server chose, or "". */
  get protocol(): string {
    return this.#socket.protocol;
  }

  /** An object is sent as JSON; text and bytes as they are. */
  send(frame: object | string | Uint8Array<ArrayBuffer>): void {
    this.#socket.send(typeof frame === "string" || frame instanceof Uint8Array ? frame : JSON.stringify(frame));
  }

  /** Sends a v2 message and resolves with its `ack`; rejects where an `error` names its client_id. */
  async say(message: string, clientId: string = randomUUID()): Promise<FrameOf<"ack">> {
    this.send({ type: "message", client_id: clientId, message });
    const answer = await this.waitForAny((frame) => "client_id" in frame && frame.client_id === clientId);
    if (answer.type !== "ack") throw new Error(`not accepted: ${JSON.stringify(answer)}`);
    return answer;
  }

  /** The first frame of this type, among those that came and those to come, that `where` likes. */
  async waitFor<T extends AnyServerFrame["type"]>(type: T, where: (frame: FrameOf<T>) => boolean = () => true): Promise<FrameOf<T>> {
    const isIt = (frame: AnyServerFrame): frame is FrameOf<T> => frame.type === type;
    let found: FrameOf<T> | undefined;
    await this.#until(`a "${type}" frame`, () => {
      found = this.frames.filter(isIt).find(where);
      return found !== undefined;
    });
    if (found === undefined) throw new Error("nothing found");
    return found;
  }

  /** The same for any type. Rejects after 10 s, or when the socket closes first. */
  async waitForAny(where: (frame: AnyServerFrame) => boolean): Promise<AnyServerFrame> {
    let found: AnyServerFrame | undefined;
    await this.#until("a frame", () => {
      found = this.frames.find(where);
      return found !== undefined;
    });
    if (found === undefined) throw new Error("nothing found");
    return found;
  }

  /** Resolves once so many frames came. */
  async waitForCount(count: number): Promise<readonly AnyServerFrame[]> {
    await this.#until(`${count} frames`, () => this.frames.length >= count);
    return this.frames;
  }

  /** The texts of all messages seen, in order of arrival, from events, welcomes and batches. */
  get messages(): string[] {
    return this.frames.flatMap((frame) => {
      if (frame.type === "new_message") return [frame.message.message];
      if (!("events" in frame)) return [];
      return frame.events.flatMap((event) => (event.type === "new_message" ? [event.message.message] : []));
    });
  }

  /** Resolves once a message with this text was seen. */
  async waitForMessage(text: string): Promise<void> {
    await this.#until(`the message "${text}"`, () => this.messages.includes(text));
  }

  /** Resolves once it holds; looked at whenever a frame came. */
  waitUntil(what: string, holds: () => boolean, withinMs?: number): Promise<void> {
    return this.#until(what, holds, withinMs);
  }

  /** Closes and resolves when it is closed. */
  async close(): Promise<SocketEnd> {
    this.#socket.close();
    return await this.closed;
  }

  #onMessage(data: unknown): void {
    const text = typeof data === "string" ? data : data instanceof ArrayBuffer ? Buffer.from(data).toString("utf8") : "";
    const frame: unknown = JSON.parse(text);
    if (!isFrame(frame)) throw new Error(`not a frame: ${text.slice(0, 200)}`);
    this.frames.push(frame);
    for (const waiter of this.#waiters) waiter.check();
  }

  async #until(what: string, isMet: () => boolean, withinMs = WAIT_MS): Promise<void> {
    if (isMet()) return;
    if (this.#end !== undefined) throw this.#endError();
    const met = Promise.withResolvers<void>();
    const check = () => {
      if (isMet()) met.resolve();
    };
    const waiter: Waiter = { check, fail: met.reject };
    this.#waiters.add(waiter);
    const timer = setTimeout(() => met.reject(new Error(`${what} did not come; these did: ${this.#summary()}`)), withinMs);
    try {
      await met.promise;
    } finally {
      clearTimeout(timer);
      this.#waiters.delete(waiter);
    }
  }

  #endError(): Error {
    return new Error(`the socket closed with ${this.#end?.code} ${this.#end?.reason}; frames: ${this.#summary()}`);
  }

  #summary(): string {
    return JSON.stringify(this.frames.slice(-10)).slice(0, 1_000);
  }
}

/** The server's frames are what is under test: their shapes are checked by the tests that read them. */
function isFrame(value: unknown): value is AnyServerFrame {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

/** Node's WebSocket takes headers; the browser's types, under which the page's tests are checked, do not know that. */
const NodeWebSocket = WebSocket as unknown as new (
  url: URL,
  options: { protocols: string[]; headers: Record<string, string> },
) => WebSocket;

function openSocket({ url, token, version = 2, headers = {}, ...options }: ClientOptions): WebSocket {
  const tokenIn = options.tokenIn ?? (version === 1 ? "query" : "subprotocol");
  const protocols = version === 2 ? [V2_SUBPROTOCOL] : [];
  const target = new URL(url);
  const allHeaders: Record<string, string> = { ...headers };
  if (token !== undefined && tokenIn === "query") target.searchParams.set("token", token);
  if (token !== undefined && tokenIn === "subprotocol") protocols.push(`bearer.${token}`);
  if (token !== undefined && tokenIn === "header") allHeaders.authorization = `Bearer ${token}`;
  return new NodeWebSocket(target, { protocols, headers: allHeaders });
}
