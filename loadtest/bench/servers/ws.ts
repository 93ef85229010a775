/** `ws` as its documentation shows it: a subscription, and a loop over all clients for each message. Arguments: Redis URL, channel. */
import { Redis } from "ioredis";
import { WebSocket, WebSocketServer } from "ws";
import { tellReady } from "./ready.ts";

const [url = "", channel = ""] = process.argv.slice(2);

const subscriber = new Redis(url);
await subscriber.subscribe(channel);
const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
subscriber.on("messageBuffer", (_channel: Buffer, message: Buffer) => {
  for (const client of server.clients) if (client.readyState === WebSocket.OPEN) client.send(message, { binary: false });
});
server.on("connection", (client) => client.on("error", () => client.terminate()));
server.on("listening", () => {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port to listen on");
  tellReady(address.port);
});
process.on("SIGTERM", () => process.exit());
