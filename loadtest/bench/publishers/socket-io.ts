/** Another node of Socket.IO, without sockets of its own: what it emits reaches the measured node through Redis. */
import { createAdapter } from "@socket.io/redis-adapter";
import { Redis } from "ioredis";
import { Server } from "socket.io";
import { eventText, FIRST_ID } from "../event.ts";
import type { Publisher } from "./publisher.ts";

export function socketIoPublisher(url: string): Publisher {
  const clients = [new Redis(url), new Redis(url)] as const;
  const server = new Server({ adapter: createAdapter(...clients) });
  return {
    // An object, as its users emit: it becomes the same JSON again.
    publish: (message) => void server.emit("message", JSON.parse(eventText(message, FIRST_ID + message.n))),
    failed: 0,
    // A server without HTTP has nothing of its own to close.
    stop: async () => {
      for (const client of clients) client.disconnect();
    },
  };
}
