/** A proxy between a client and a gateway that knows frames: what it is told to do with one, it does to the bytes. */
import { connect, createServer, type Server, type Socket } from "node:net";
import { parseLoadText } from "../src/generator/load-text.ts";

/** What becomes of a frame: nothing is dropped, two are doubled; what is held back goes out with a later one. */
export type Meddle = (frame: RelayedFrame) => readonly Buffer[];

export interface RelayedFrame {
  /** The whole frame with its header. */
  readonly bytes: Buffer;
  /** Without header and mask. */
  readonly text: string;
}

export interface Meddling {
  toGateway?: Meddle;
  toClient?: Meddle;
}

const untouched: Meddle = ({ bytes }) => [bytes];

/**
 * Does to the first frame that `isIt` finds what the kind says, and to no other. A frame that is out of order goes out behind the
 * next one with messages: behind a count or an ack alone it would have overtaken nothing.
 */
export function meddleOnce(kind: "lost" | "doubled" | "disordered", isIt: (text: string) => boolean): Meddle {
  let isDone = false;
  let held: Buffer | undefined;
  return ({ bytes, text }) => {
    if (held !== undefined && parseLoadText(text) !== undefined) {
      const late = held;
      held = undefined;
      return [bytes, late];
    }
    if (isDone || !isIt(text)) return [bytes];
    isDone = true;
    if (kind === "lost") return [];
    if (kind === "doubled") return [bytes, bytes];
    held = bytes;
    return [];
  };
}

export class FrameProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Listens on a port of its own. */
  static async start(gatewayPort: number, { toGateway = untouched, toClient = untouched }: Meddling): Promise<FrameProxy> {
    const server = createServer((client) => {
      const gateway = connect({ host: "127.0.0.1", port: gatewayPort });
      for (const [from, to, meddle] of [
        [client, gateway, toGateway],
        [gateway, client, toClient],
      ] as const) {
        const cutter = new FrameCutter(meddle);
        proxy.#sockets.add(from);
        from.setNoDelay(true);
        from.on("data", (bytes: Buffer) => to.write(cutter.push(bytes)));
        from.on("close", () => to.destroy());
        from.on("error", () => to.destroy());
      }
    });
    const proxy = new FrameProxy(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the proxy does not listen");
    return address.port;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** One direction: the HTTP head goes through as it is, then frame by frame. */
class FrameCutter {
  readonly #meddle: Meddle;
  #isUpgraded = false;
  #rest: Buffer = Buffer.alloc(0);

  constructor(meddle: Meddle) {
    this.#meddle = meddle;
  }

  push(bytes: Buffer): Buffer {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const out: Buffer[] = [];
    if (!this.#isUpgraded) {
      const end = this.#rest.indexOf("\r\n\r\n");
      if (end === -1) return Buffer.alloc(0);
      this.#isUpgraded = true;
      out.push(this.#take(end + 4));
    }
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) out.push(...this.#meddle(frame));
    return Buffer.concat(out);
  }

  #take(length: number): Buffer {
    const taken = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return taken;
  }

  #next(): RelayedFrame | undefined {
    const rest = this.#rest;
    if (rest.length < 2) return undefined;
    const short = (rest[1] ?? 0) & 0x7f;
    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
    const maskBytes = ((rest[1] ?? 0) & 0x80) === 0 ? 0 : 4;
    const header = 2 + lengthBytes + maskBytes;
    if (rest.length < header) return undefined;
    const length = lengthBytes === 0 ? short : lengthBytes === 2 ? rest.readUInt16BE(2) : Number(rest.readBigUInt64BE(2));
    if (rest.length < header + length) return undefined;
    const mask = rest.subarray(header - maskBytes, header);
    const bytes = this.#take(header + length);
    const text = Buffer.from(bytes.subarray(header).map((byte, i) => byte ^ (mask[i % 4] ?? 0))).toString("utf8");
    return { bytes, text };
  }
}
