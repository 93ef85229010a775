/** Through `accept`, the way of a message of drawchat: what comes while a call is under way goes out together in the next one. */
import type { RoomName } from "@drawchat/protocol/ids";
import { Acceptor } from "@drawchat/redis/accept";
import { commandClient } from "@drawchat/redis/connect";
import type { Log } from "@drawchat/runtime/log";
import { loadClientId } from "../../src/generator/load-text.ts";
import { eventParts, type Message, userOf } from "../event.ts";
import type { Publisher } from "./publisher.ts";

export async function acceptPublisher(url: string, room: RoomName, log: Log): Promise<Publisher> {
  const redis = commandClient(url, "bench-accept", log);
  await redis.connect();
  const acceptor = new Acceptor({ redis, log, limits: { session: 0, conversation: 0 }, restoreRoom: async () => "unavailable" });
  let failed = 0;
  return {
    publish: (message) => {
      void acceptor.submit(submissionOf(room, message)).then(({ kind }) => {
        if (kind !== "accepted") failed += 1;
      });
    },
    get failed() {
      return failed;
    },
    stop: async () => {
      await acceptor.drained();
      redis.disconnect();
    },
  };
}

function submissionOf(room: RoomName, message: Message) {
  const userId = userOf(message.n);
  return { room, kind: "m" as const, userId, clientId: loadClientId(message.run, userId, message.n), parts: eventParts(message) };
}
