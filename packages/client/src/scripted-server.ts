/**
 * For tests: a WebSocket server whose every frame the test writes. It speaks just enough of RFC 6455 for text frames,
 * so that what is tested is the wire and not a gateway.
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";

const TEXT = 1;
const CLOSE = 8;

/** Hands over what was pushed, in order; a `next` that comes first waits. */
class Queue<Item> {
  readonly #items: Item[] = [];
  readonly #waiting: ((item: Item) => void)[] = [];

  get length(): number {
    return this.#items.length;
  }

  push(item: Item): void {
    const waiting = this.#waiting.shift();
    if (waiting) waiting(item);
    else this.#items.push(item);
  }

  next(): Promise<Item> {
    const item = this.#items.shift();
    return item === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(item);
  }
}

/** The server's end of one socket. */
export class Peer {
  readonly path: string;
  readonly protocols: string[];
  /** False: a server that has gone silent. */
  answersPings: boolean = true;
  readonly #stream: Duplex;
  readonly #frames = new Queue<Record<string, unknown>>();
  #bytes = Buffer.alloc(0);

  constructor(request: IncomingMessage, stream: Duplex) {
    this.path = request.url ?? "";
    this.protocols = String(request.headers["sec-websocket-protocol"] ?? "").split(/,\s*/);
    this.#stream = stream;
    stream.on("data", (chunk: Buffer) => this.#onBytes(chunk));
    stream.on("error", () => stream.destroy());
  }

  /** The client's next frame, parsed; pings are left out. */
  next(): Promise<Record<string, unknown>> {
    return this.#frames.next();
  }

  /** Frames that arrived and were not asked for. */
  get unread(): number {
    return this.#frames.length;
  }

  send(frame: object): void {
    this.#write(TEXT, Buffer.from(JSON.stringify(frame)));
  }

  /** Closes with a code, as a gateway does. */
  end(code: number, reason = ""): void {
    const body = Buffer.alloc(2 + Buffer.byteLength(reason));
    body.writeUInt16BE(code);
    body.write(reason, 2);
    this.#write(CLOSE, body);
    this.#stream.end();
  }

  /** Cuts the TCP connection. */
  drop(): void {
    this.#stream.destroy();
  }

  #write(opcode: number, body: Buffer): void {
    const size = body.length < 126 ? Buffer.from([body.length]) : Buffer.from([126, body.length >> 8, body.length & 255]);
    this.#stream.write(Buffer.concat([Buffer.from([0x80 | opcode]), size, body]));
  }

  #onBytes(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    for (let frame = this.#shiftFrame(); frame; frame = this.#shiftFrame()) {
      if (frame.opcode === CLOSE) this.#stream.end();
      if (frame.opcode !== TEXT) continue;
      const parsed: Record<string, unknown> = JSON.parse(frame.body.toString());
      if (parsed.type !== "ping") this.#frames.push(parsed);
      else if (this.answersPings) this.send({ type: "pong" });
    }
  }

  #shiftFrame(): { opcode: number; body: Buffer } | undefined {
    const short = (this.#bytes[1] ?? 0) & 127;
    const headBytes = (short === 126 ? 4 : 2) + 4;
    if (this.#bytes.length < headBytes) return undefined;
    const length = short === 126 ? this.#bytes.readUInt16BE(2) : short;
    if (this.#bytes.length < headBytes + length) return undefined;
    const mask = this.#bytes.subarray(headBytes - 4, headBytes);
    const body = Buffer.from(this.#bytes.subarray(headBytes, headBytes + length));
    for (let i = 0; i < body.length; i += 1) body[i] = Number(body[i]) ^ Number(mask[i % 4]);
    const opcode = (this.#bytes[0] ?? 0) & 15;
    this.#bytes = this.#bytes.subarray(headBytes + length);
    return { opcode, body };
  }
}

export class ScriptedServer {
  readonly #server: Server;
  readonly #peers = new Queue<Peer>();
  readonly #streams = new Set<Duplex>();
  #connections = 0;

  private constructor(server: Server) {
    this.#server = server;
    server.on("upgrade", (request, stream) => this.#onUpgrade(request, stream));
  }

  static async start(server: Server = createServer()): Promise<ScriptedServer> {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new ScriptedServer(server);
  }

  get port(): number {
    const address = this.#server.address() as AddressInfo;
    return address.port;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  /** Sockets opened so far. */
  get connections(): number {
    return this.#connections;
  }

  /** The next socket that opens. */
  accept(): Promise<Peer> {
    return this.#peers.next();
  }

  async stop(): Promise<void> {
    for (const stream of this.#streams) stream.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #onUpgrade(request: IncomingMessage, stream: Duplex): void {
    const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash("sha1").update(key).digest("base64");
    this.#streams.add(stream);
    this.#connections += 1;
    const head = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
    stream.write([...head, `Sec-WebSocket-Accept: ${accept}`, "Sec-WebSocket-Protocol: drawchat.v2", "", ""].join("\r\n"));
    this.#peers.push(new Peer(request, stream));
  }
}
