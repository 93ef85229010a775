/** One socket of conversations: everything that came, and waiting for what is to come. */
import { randomUUID } from "node:crypto";
import type { TokenRequest } from "@drawchat/auth/token";
import type { ConversationServerFrame } from "@drawchat/protocol/conversations";
import { V2_SUBPROTOCOL } from "@drawchat/protocol/frames";
import type { Cluster } from "@drawchat/testkit/cluster";
import { vi } from "vitest";

type FrameOf<T extends ConversationServerFrame["type"]> = Extract<ConversationServerFrame, { type: T }>;

export interface User extends Partial<TokenRequest> {
  userId: number;
  gateway?: "gateway-1" | "gateway-2" | "gateway-3";
}

const WAIT = { timeout: 16_000, interval: 10 };

export class ConversationClient {
  readonly frames: ConversationServerFrame[] = [];
  /** The same as they came, byte for byte. */
  readonly texts: string[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #socket: WebSocket;

  constructor(url: string, token: string) {
    this.#socket = new WebSocket(url, [V2_SUBPROTOCOL, `bearer.${token}`]);
    this.#socket.addEventListener("message", ({ data }) => {
      this.texts.push(String(data));
      this.frames.push(JSON.parse(String(data)));
    });
    this.closed = new Promise((resolve) => {
      this.#socket.addEventListener("close", ({ code, reason }) => resolve({ code, reason }));
    });
  }

  /** Connects; whether it may stay is not known yet. */
  static async open(cluster: Cluster, { gateway = "gateway-1", ...user }: User): Promise<ConversationClient> {
    const client = new ConversationClient(`${cluster.url(gateway).replace("http:", "ws:")}/conversations/ws`, await cluster.token(user));
    await Promise.race([new Promise((resolve) => client.#socket.addEventListener("open", resolve)), client.closed]);
    return client;
  }

  /** Up to its `welcome`, and in these rooms. */
  static async join(cluster: Cluster, user: User, ...rooms: string[]): Promise<ConversationClient> {
    const client = await ConversationClient.open(cluster, user);
    client.send({ type: "hello" });
    await client.waitFor("welcome");
    for (const room of rooms) await client.enter(room);
    return client;
  }

  /** Joins a room; resolves with its `joined`. */
  async enter(room: string, since?: { epoch: string; id: number }): Promise<FrameOf<"joined">> {
    const before = this.frames.length;
    this.send({ type: "join", room, ...(since === undefined ? {} : { since }) });
    return this.waitFor("joined", (frame) => frame.room === room && this.frames.indexOf(frame) >= before);
  }

  /** An object is sent as JSON; text and bytes as they are. */
  send(frame: object | string | Uint8Array<ArrayBuffer>): void {
    this.#socket.send(typeof frame === "string" || frame instanceof Uint8Array ? frame : JSON.stringify(frame));
  }

  /** Says something; resolves with its `ack`, rejects with the code where it was refused. */
  async say(room: string, message: string, more: object = {}): Promise<FrameOf<"ack">> {
    const clientId = randomUUID();
    const before = this.frames.length;
    this.send({ type: "message", room, client_id: clientId, message, ...more });
    const isAnswer = (frame: ConversationServerFrame) => (frame.type === "ack" || frame.type === "error") && frame.room === room;
    const answer = await vi.waitUntil(() => this.frames.slice(before).find(isAnswer), WAIT);
    if (answer.type !== "ack") throw new Error(JSON.stringify(answer));
    return answer;
  }

  /** The first frame of this type, among those that came and those to come, that `where` likes. */
  async waitFor<T extends ConversationServerFrame["type"]>(type: T, where: (frame: FrameOf<T>) => boolean = () => true) {
    const isIt = (frame: ConversationServerFrame): frame is FrameOf<T> => frame.type === type;
    return vi.waitUntil(() => this.frames.filter(isIt).find(where), WAIT);
  }

  /** Those of this type that came so far. */
  all<T extends ConversationServerFrame["type"]>(type: T): FrameOf<T>[] {
    return this.frames.filter((frame): frame is FrameOf<T> => frame.type === type);
  }

  /** The texts of a room's messages in the order in which they came. */
  messages(room: string): string[] {
    return this.frames.flatMap((frame) => {
      if (!("events" in frame) || frame.room !== room) return [];
      return frame.events.flatMap((event) => (event.type === "new_message" ? [event.message.message] : []));
    });
  }

  async close(): Promise<void> {
    this.#socket.close();
    await this.closed;
  }
}
