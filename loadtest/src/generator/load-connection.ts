/**
 * One connection of a socket of a run, from its first packet to its end: the handshake, then frames both ways. It tells its owner
 * what comes, and once how it ended.
 */
import { connect, type Socket } from "node:net";
import { clientFrame, closeFrame, OPCODE } from "./client-frame.ts";
import { FrameReader, type FrameSink } from "./frame-reader.ts";
import { type HandshakeRequest, handshakeText, readHandshake } from "./handshake.ts";

/** A way to the chat: a balancer, or a gateway itself. */
export interface Road {
  readonly host: string;
  readonly port: number;
  /** As in the certificate: `gateway-1`; one name for all behind a balancer. */
  readonly name: string;
}

export interface ConnectionPlan {
  readonly road: Road;
  readonly localAddress: string | undefined;
  readonly handshake: HandshakeRequest;
  /** Everything that comes is read into it: it is used up before the next read of whichever socket. */
  readonly chunk: Buffer;
}

export interface ConnectionEnd {
  readonly closeCode: number;
  /** What somebody else did, by its name; undefined where it was cut or refused, which is counted where that was done. */
  readonly cause: { readonly kind: "closes" | "failures"; readonly name: string | number } | undefined;
}

export interface ConnectionOwner {
  /** Of whatever, before it is read. */
  onBytes(length: number): void;
  onUpgraded(): void;
  /** A status instead of the upgrade; it ends then. */
  onRefused(status: number, retryAfterMs: number | undefined): void;
  onText(payload: Buffer): void;
  onGone(end: ConnectionEnd): void;
}

const NORMAL = 1000;
const NO_CODE = 1005;
const ABNORMAL = 1006;

export class LoadConnection implements FrameSink {
  readonly #owner: ConnectionOwner;
  readonly #chunk: Buffer;
  readonly #socket: Socket;
  #reader: FrameReader | undefined;
  /** What has come of the answer to the handshake. */
  #head: Buffer | undefined;
  #closeCode = ABNORMAL;
  /** Of the network, as a code. */
  #error: string | undefined;
  /** What was found wrong here, as a sentence. */
  #problem: string | undefined;
  /** Cut from this side, or refused. */
  #isOurDoing = false;

  constructor({ road, localAddress, handshake, chunk }: ConnectionPlan, owner: ConnectionOwner) {
    const { host, port } = road;
    this.#owner = owner;
    this.#chunk = chunk;
    const callback = (length: number) => {
      this.#onBytes(length);
      return true;
    };
    const from = localAddress === undefined ? {} : { localAddress };
    this.#socket = connect({ host, port, noDelay: true, ...from, onread: { buffer: chunk, callback } });
    this.#socket.on("error", (error: NodeJS.ErrnoException) => {
      this.#error = error.code ?? "unknown";
    });
    this.#socket.on("close", () => owner.onGone({ closeCode: this.#closeCode, cause: this.#cause }));
    this.#socket.write(handshakeText(`${host}:${port}`, handshake));
  }

  get isUpgraded(): boolean {
    return this.#reader !== undefined;
  }

  send(text: string): void {
    this.#socket.write(clientFrame(OPCODE.text, text));
  }

  /** Cut off, as by a network that went away. */
  cut(): void {
    this.#isOurDoing = true;
    this.#socket.resetAndDestroy();
  }

  /** With a goodbye, where it has come so far. */
  leave(): void {
    if (this.#reader === undefined) this.#socket.destroy();
    else this.#socket.end(closeFrame(NORMAL));
  }

  /** Ends at once; the first problem is the one that is told. */
  giveUp(problem: string): void {
    this.#problem ??= problem;
    this.#socket.destroy();
  }

  // ---- FrameSink -----------------------------------------------------------------------------------------------------

  onText(payload: Buffer): void {
    this.#owner.onText(payload);
  }

  onPing(payload: Buffer): void {
    this.#socket.write(clientFrame(OPCODE.pong, payload));
  }

  onClose(code: number): void {
    this.#closeCode = code;
    this.#socket.end(closeFrame(code === NO_CODE ? NORMAL : code));
  }

  onBroken(problem: string): void {
    this.giveUp(`broken protocol: ${problem}`);
  }

  #onBytes(length: number): void {
    this.#owner.onBytes(length);
    if (this.#reader !== undefined) this.#reader.push(this.#chunk, length);
    else this.#onHandshake(Buffer.concat([this.#head ?? Buffer.alloc(0), this.#chunk.subarray(0, length)]));
  }

  #onHandshake(received: Buffer): void {
    const answer = readHandshake(received);
    if (answer === undefined) this.#head = received;
    else if (answer.kind === "upgraded") this.#onUpgraded(received, answer.bodyAt);
    else {
      this.#isOurDoing = true;
      this.#owner.onRefused(answer.status, answer.retryAfterMs);
      this.#socket.destroy();
    }
  }

  #onUpgraded(received: Buffer, bodyAt: number): void {
    this.#head = undefined;
    this.#reader = new FrameReader(this);
    this.#owner.onUpgraded();
    if (bodyAt < received.length) this.#reader.push(received.subarray(bodyAt), received.length - bodyAt);
  }

  /** An open socket ends with a close code, anything before that with an error of the network. */
  get #cause(): ConnectionEnd["cause"] {
    if (this.#isOurDoing) return undefined;
    if (this.#problem !== undefined) return { kind: "failures", name: this.#problem };
    if (this.#reader === undefined) return { kind: "failures", name: this.#error ?? "CLOSED" };
    return { kind: "closes", name: this.#closeCode };
  }
}
