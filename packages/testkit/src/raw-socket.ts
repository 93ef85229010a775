/** A TCP connection that says exactly what a test wants: for handshakes and frames that no client library would send. */
import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";

const WAIT_MS = 15_000;

export interface HandshakeParts {
  path: string;
  method?: string;
  httpVersion?: string;
  /** Changes the headers of a good handshake: a value replaces or adds, `undefined` leaves one out. */
  headers?: Readonly<Record<string, string | undefined>>;
}

/** A good handshake but for what `headers` changes. */
export function handshake({ path, method = "GET", httpVersion = "HTTP/1.1", headers = {} }: HandshakeParts): string {
  const all: Record<string, string | undefined> = {
    Host: "localhost",
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Key": randomBytes(16).toString("base64"),
    "Sec-WebSocket-Version": "13",
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
  return `${method} ${path} ${httpVersion}\r\n${lines.join("\r\n")}\r\n\r\n`;
}

export interface FrameParts {
  /** 1 text, 2 binary, 8 close, 9 ping, 10 pong. Default 1. */
  opcode?: number;
  isFinal?: boolean;
  isMasked?: boolean;
  reservedBits?: number;
}

/** A client's WebSocket frame, well formed unless told otherwise. */
export function clientFrame(payload: string | Uint8Array, parts: FrameParts = {}): Buffer {
  const { opcode = 1, isFinal = true, isMasked = true, reservedBits = 0 } = parts;
  const bytes = Buffer.from(payload);
  const first = (isFinal ? 0x80 : 0) | (reservedBits << 4) | opcode;
  const maskBit = isMasked ? 0x80 : 0;
  const length = bytes.length < 126 ? [maskBit | bytes.length] : [maskBit | 126, bytes.length >> 8, bytes.length & 0xff];
  if (bytes.length > 0xffff) throw new RangeError("frames of a test stay below 64 KB");
  if (!isMasked) return Buffer.concat([Buffer.from([first, ...length]), bytes]);
  const mask = randomBytes(4);
  const masked = bytes.map((byte, i) => byte ^ (mask[i % 4] ?? 0));
  return Buffer.concat([Buffer.from([first, ...length]), mask, masked]);
}

export class RawSocket {
  /** Everything that came, as latin1 text. */
  received = "";
  readonly #socket: Socket;
  #onChange = new Set<() => void>();
  #isClosed = false;

  constructor(port: number) {
    this.#socket = connect({ host: "127.0.0.1", port });
    this.#socket.on("data", (bytes) => {
      this.received += bytes.toString("latin1");
      this.#changed();
    });
    this.#socket.on("error", () => this.#socket.destroy());
    this.#socket.on("close", () => {
      this.#isClosed = true;
      this.#changed();
    });
  }

  send(bytes: string | Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** Stops and starts reading: a slow reader. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** The status line's number, once the response's head is there. */
  async status(): Promise<number> {
    await this.until((text) => text.includes("\r\n\r\n"));
    return Number(/^HTTP\/1\.[01] (\d{3})/.exec(this.received)?.[1]);
  }

  /** Resolves with all that came once `isMet` likes it; rejects after 15 s or when it closes first. */
  async until(isMet: (received: string) => boolean): Promise<string> {
    await this.#wait("what was waited for", () => isMet(this.received), true);
    return this.received;
  }

  /** Resolves with all that came once the other side closed. */
  async untilClosed(): Promise<string> {
    await this.#wait("the end", () => this.#isClosed, false);
    return this.received;
  }

  /** Gone at once, by a reset. */
  destroy(): void {
    this.#socket.resetAndDestroy();
  }

  #changed(): void {
    for (const check of this.#onChange) check();
  }

  async #wait(what: string, isMet: () => boolean, failsOnClose: boolean): Promise<void> {
    const done = Promise.withResolvers<void>();
    const check = () => {
      if (isMet()) done.resolve();
      else if (failsOnClose && this.#isClosed) done.reject(new Error(`closed before ${what}; came: ${this.received.slice(0, 500)}`));
    };
    const timer = setTimeout(() => done.reject(new Error(`${what} did not come; came: ${this.received.slice(0, 500)}`)), WAIT_MS);
    this.#onChange.add(check);
    check();
    try {
      await done.promise;
    } finally {
      clearTimeout(timer);
      this.#onChange.delete(check);
    }
  }
}
