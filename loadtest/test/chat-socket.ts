/** A socket of a tiny load run: what comes goes to the receipts, what it says and is answered to the sends. */
import { connect, type Socket } from "node:net";
import { V2_SUBPROTOCOL } from "@drawchat/protocol/frames";
import { clientFrame, OPCODE } from "../src/generator/client-frame.ts";
import { FrameReader } from "../src/generator/frame-reader.ts";
import { handshakeText, readHandshake } from "../src/generator/handshake.ts";
import { loadClientId, loadText, parseLoadClientId } from "../src/generator/load-text.ts";
import type { Receipts } from "../src/ledger/receipts.ts";
import type { Where } from "../src/ledger/receipts-report.ts";
import type { Sends } from "../src/ledger/sends.ts";

export interface ChatSocketOptions {
  run: number;
  /** Its number in the receipts, and as a sender. */
  socket: number;
  where: Where;
  port: number;
  sessionId: number;
  token: string;
  receipts: Receipts;
  sends: Sends;
  /** Version 2: where it goes on. */
  since?: { epoch: string; id: number } | undefined;
}

export interface SayOptions {
  /** Default true: it is waited for the next answer, in version 1 for an own line. */
  isAnswered?: boolean;
  /** Instead of what says whose it is. */
  text?: string;
}

const WAIT_MS = 10_000;

export class ChatSocket {
  readonly #options: ChatSocketOptions;
  readonly #socket: Socket;
  readonly #waiters = new Set<() => void>();
  #answered = 0;
  #isJoined = false;
  epoch = "";

  private constructor(options: ChatSocketOptions) {
    this.#options = options;
    this.#socket = connect({ host: "127.0.0.1", port: options.port, noDelay: true });
    this.#socket.on("error", () => this.#socket.destroy());
  }

  /** Resolves once it is in its room. */
  static async join(options: ChatSocketOptions): Promise<ChatSocket> {
    const chat = new ChatSocket(options);
    const { where, sessionId, token, receipts, since, socket } = options;
    const reader = new FrameReader({
      onText: (payload) => chat.#onText(payload),
      onPing: (payload) => chat.#socket.write(clientFrame(OPCODE.pong, payload)),
      onClose: () => chat.#socket.destroy(),
      onBroken: () => chat.#socket.destroy(),
    });
    let head: Buffer | undefined = Buffer.alloc(0);
    chat.#socket.on("data", (bytes) => {
      if (head === undefined) return reader.push(bytes, bytes.length);
      head = Buffer.concat([head, bytes]);
      const answer = readHandshake(head);
      if (answer?.kind !== "upgraded") return undefined;
      const rest = head.subarray(answer.bodyAt);
      head = undefined;
      receipts.begin(socket, where, where.version === 1 ? 0 : since?.id);
      chat.#send(where.version === 1 ? { type: "ping" } : { type: "hello", ...(since === undefined ? {} : { since }) });
      return reader.push(rest, rest.length);
    });
    const isV1 = where.version === 1;
    const path = `/live-chat/ws/${sessionId}${isV1 ? `?token=${token}` : ""}`;
    const headers: Record<string, string> = isV1 ? {} : { "Sec-WebSocket-Protocol": `${V2_SUBPROTOCOL}, bearer.${token}` };
    chat.#socket.write(handshakeText("localhost", { path, headers }));
    await chat.#until(() => chat.#isJoined);
    return chat;
  }

  /** Says its n-th message. */
  async say(n: number, { isAnswered = true, text }: SayOptions): Promise<void> {
    const { run, socket, where, sends } = this.#options;
    sends.sent(where.room, where.version, socket, n);
    const message = text ?? loadText({ run, sender: socket, n, sentUs: Math.round(performance.now() * 1_000), bytes: 60 });
    const clientId = where.version === 2 ? { client_id: loadClientId(run, socket, n) } : {};
    const before = this.#answered;
    this.#send({ type: "message", message, ...clientId });
    if (isAnswered) await this.#until(() => this.#answered > before);
  }

  /** Gone at once, and where it stood. */
  drop(): { epoch: string; id: number } {
    const { receipts, socket } = this.#options;
    this.#socket.destroy();
    receipts.end(socket);
    return { epoch: this.epoch, id: receipts.position(socket) ?? 0 };
  }

  #send(frame: object): void {
    this.#socket.write(clientFrame(OPCODE.text, JSON.stringify(frame)));
  }

  #onText(payload: Buffer): void {
    const { receipts, sends, socket, run, where } = this.#options;
    receipts.onFrame(socket, payload);
    const frame: unknown = JSON.parse(payload.toString("utf8"));
    if (typeof frame === "object" && frame !== null && "type" in frame) {
      if (frame.type === "welcome" && "epoch" in frame) this.epoch = String(frame.epoch);
      if (frame.type === "welcome" || frame.type === "pong") this.#isJoined = true;
      const clientId = "client_id" in frame ? parseLoadClientId(String(frame.client_id)) : undefined;
      if (frame.type === "ack" && clientId !== undefined && "id" in frame) sends.acked(where.room, socket, clientId.n, Number(frame.id));
      if (frame.type === "error" && "code" in frame)
        sends.refused(where.room, where.version, socket, clientId?.n ?? -1, String(frame.code));
      const isOwnLine = frame.type === "new_message" && payload.includes(`~${run.toString(36)}.${socket.toString(36)}.`);
      if (frame.type === "ack" || frame.type === "error" || isOwnLine) this.#answered += 1;
    }
    for (const look of this.#waiters) look();
  }

  async #until(holds: () => boolean): Promise<void> {
    if (holds()) return;
    const met = Promise.withResolvers<void>();
    const look = () => {
      if (holds()) met.resolve();
    };
    const timer = setTimeout(() => met.reject(new Error(`socket ${this.#options.socket}: no answer`)), WAIT_MS);
    this.#waiters.add(look);
    try {
      await met.promise;
    } finally {
      clearTimeout(timer);
      this.#waiters.delete(look);
    }
  }
}
