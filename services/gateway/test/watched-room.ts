/** A room in which nothing happens unseen: whatever newcomers do to it, somebody else looks on. */
import { type ClientOptions, TestClient } from "@drawchat/testkit/client";
import type { Cluster } from "@drawchat/testkit/cluster";
import { Witness } from "./witness.ts";

export interface WatchedRoom {
  sessionId: number;
  witness: Witness;
  /** Sees whatever the room is shown. */
  watcher: TestClient;
  /** Somebody new each time: budgets are per user and per socket. Their name is `user<userId>`. */
  newcomer: () => Promise<ClientOptions & { userId: number }>;
  /** The texts that Postgres has, in their order. */
  storedTexts: () => Promise<string[]>;
}

export async function watchRoom(cluster: Cluster): Promise<WatchedRoom> {
  const witness = await Witness.watch(cluster);
  const { id: sessionId } = await cluster.session();
  const watcher = await TestClient.join(await cluster.clientOptions(sessionId, { userId: 1 }));
  let lastUser = 1_000;
  const newcomer = async () => {
    lastUser += 1;
    const userId = lastUser;
    return { userId, ...(await cluster.clientOptions(sessionId, { userId, username: `user${userId}` })) };
  };
  const storedTexts = async () => {
    const messages = cluster.database.db.selectFrom("live_chat_messages").select("message").where("session_id", "=", sessionId);
    return (await messages.orderBy("id").execute()).map((row) => row.message);
  };
  return { sessionId, witness, watcher, newcomer, storedTexts };
}
