/** A participant of one conversation made of the real SDK, with a book of everything that was shown. */

import type { Role } from "@drawchat/auth/claims";
import type { ConversationRoom } from "@drawchat/client/conversation-room";
import { ConversationsApi } from "@drawchat/client/conversations-api";
import { ConversationsClient } from "@drawchat/client/conversations-client";
import { conversationRoom } from "@drawchat/protocol/ids";
import type { Cluster, ProcessName } from "../cluster.ts";
import { Watching } from "./watching.ts";

export interface ParticipantOptions {
  conversationId: number;
  userId: number;
  roles?: readonly Role[];
  /** Where it connects; default the edge, which leads to any gateway. */
  via?: ProcessName;
}

export class Participant {
  readonly client: ConversationsClient;
  readonly room: ConversationRoom;
  readonly userId: number;
  /** Ids of the messages shown since the last reset, in the order in which they were shown. */
  shown: number[] = [];
  readonly doubled: number[] = [];
  readonly disordered: number[] = [];
  /** Behind the first join. */
  resets = -1;
  readonly #watching: Watching;

  constructor(client: ConversationsClient, { conversationId, userId }: ParticipantOptions) {
    this.client = client;
    this.userId = userId;
    this.#watching = new Watching(`participant ${userId}`);
    this.room = client.room(conversationRoom(conversationId));
    this.room.on("message", ({ id }) => {
      if (this.shown.includes(id)) this.doubled.push(id);
      if (id < (this.shown.at(-1) ?? 0)) this.disordered.push(id);
      this.shown.push(id);
      this.#watching.look();
    });
    this.room.on("reset", () => {
      this.resets += 1;
      this.shown = [];
    });
    this.room.on("state", () => this.#watching.look());
  }

  /** Started and in the room. */
  static async join(cluster: Cluster, options: ParticipantOptions): Promise<Participant> {
    const { userId, roles = [], via = "edge-1" } = options;
    const token = await cluster.token({ userId, roles });
    const participant = new Participant(new ConversationsClient({ url: cluster.url(via).replace("http:", "ws:"), token }), options);
    participant.client.start();
    participant.room.join();
    await participant.until("joined", () => participant.room.state.name === "joined");
    return participant;
  }

  /** Resolves once it holds; looked at whenever something came. */
  until(what: string, holds: () => boolean, withinMs?: number): Promise<void> {
    return this.#watching.until(what, holds, withinMs);
  }
}

/** The REST calls as that user makes them. */
export async function apiOf(cluster: Cluster, userId: number, roles: readonly Role[] = []): Promise<ConversationsApi> {
  return new ConversationsApi({ url: cluster.url("api-1"), token: await cluster.token({ userId, roles }) });
}
