/** A plain PUBLISH a message. */
import { Redis } from "ioredis";
import { eventText, FIRST_ID } from "../event.ts";
import type { Publisher } from "./publisher.ts";

export function channelPublisher(url: string, channel: string): Publisher {
  const redis = new Redis(url, { enableAutoPipelining: true });
  let failed = 0;
  return {
    publish: (message) => {
      redis.publish(channel, eventText(message, FIRST_ID + message.n)).catch(() => {
        failed += 1;
      });
    },
    get failed() {
      return failed;
    },
    stop: async () => redis.disconnect(),
  };
}
