/** A viewer made of the real SDK, with a book of everything it was shown. */
import { ChatClient } from "@drawchat/client/chat-client";
import type { ChatMessage } from "@drawchat/protocol/frames";
import type { Cluster, ProcessName } from "../cluster.ts";

export interface ViewerOptions {
  sessionId: number;
  userId: number;
  /** Where it connects; default the edge, which leads to any gateway. */
  via?: ProcessName;
}

export class Viewer {
  readonly client: ChatClient;
  readonly userId: number;
  /** The lines on the screen now, in order of arrival, without those withdrawn. */
  lines: ChatMessage[] = [];
  /** Every id ever shown since the last reset; one shown twice is listed in `doubled`. */
  #shown = new Set<number>();
  readonly doubled: number[] = [];
  readonly disordered: number[] = [];
  resets = 0;
  totalLikes = 0;
  likes = new Map<number, number>();
  viewers = 0;
  #waiters = new Set<() => void>();

  constructor(client: ChatClient, userId: number) {
    this.client = client;
    this.userId = userId;
    client.on("message", (message) => this.#onMessage(message));
    client.on("delete", ({ message_id }) => {
      this.lines = this.lines.filter((line) => line.id !== message_id);
      this.#look();
    });
    client.on("reset", () => {
      this.resets += 1;
      this.lines = [];
      this.#shown = new Set();
    });
    client.on("counts", (counts) => {
      this.totalLikes = counts.total_likes ?? this.totalLikes;
      this.viewers = counts.viewers ?? this.viewers;
      for (const [id, count] of Object.entries(counts.likes ?? {})) this.likes.set(Number(id), count);
      this.#look();
    });
    client.on("state", () => this.#look());
    client.on("own", () => this.#look());
  }

  /** Started and open. */
  static async join(cluster: Cluster, { sessionId, userId, via = "edge-1" }: ViewerOptions): Promise<Viewer> {
    const token = await cluster.token({ userId });
    const viewer = new Viewer(new ChatClient({ url: cluster.url(via).replace("http:", "ws:"), sessionId, token }), userId);
    viewer.client.start();
    await viewer.until("open", () => viewer.client.state.name === "open");
    return viewer;
  }

  /** Resolves once it holds; looked at whenever something came. */
  async until(what: string, holds: () => boolean, withinMs = 30_000): Promise<void> {
    if (holds()) return;
    const met = Promise.withResolvers<void>();
    const look = () => {
      if (holds()) met.resolve();
    };
    this.#waiters.add(look);
    const timer = setTimeout(() => met.reject(new Error(`viewer ${this.userId}: "${what}" did not come to hold`)), withinMs);
    try {
      await met.promise;
    } finally {
      clearTimeout(timer);
      this.#waiters.delete(look);
    }
  }

  #onMessage(message: ChatMessage): void {
    if (this.#shown.has(message.id)) this.doubled.push(message.id);
    if (message.id < (this.lines.at(-1)?.id ?? 0)) this.disordered.push(message.id);
    this.#shown.add(message.id);
    this.lines.push(message);
    this.#look();
  }

  #look(): void {
    for (const look of this.#waiters) look();
  }
}
