/** A viewer made of the real SDK, with a book of everything it was shown. */
import { ChatClient } from "@drawchat/client/chat-client";
import type { ChatMessage } from "@drawchat/protocol/frames";
import type { Cluster, ProcessName } from "../cluster.ts";
import { Watching } from "./watching.ts";

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
  readonly #watching: Watching;

  constructor(client: ChatClient, userId: number) {
    this.client = client;
    this.userId = userId;
    this.#watching = new Watching(`viewer ${userId}`);
    client.on("message", (message) => this.#onMessage(message));
    client.on("delete", ({ message_id }) => {
      this.lines = this.lines.filter((line) => line.id !== message_id);
      this.#watching.look();
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
      this.#watching.look();
    });
    client.on("state", () => this.#watching.look());
    client.on("own", () => this.#watching.look());
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
  until(what: string, holds: () => boolean, withinMs?: number): Promise<void> {
    return this.#watching.until(what, holds, withinMs);
  }

  #onMessage(message: ChatMessage): void {
    if (this.#shown.has(message.id)) this.doubled.push(message.id);
    if (message.id < (this.lines.at(-1)?.id ?? 0)) this.disordered.push(message.id);
    this.#shown.add(message.id);
    this.lines.push(message);
    this.#watching.look();
  }
}
