/** Socket.IO with its Redis adapter, over WebSocket alone: what another node emits goes to all of this one's. Argument: Redis URL. */
import { createServer } from "node:http";
import { createAdapter } from "@socket.io/redis-adapter";
import { Redis } from "ioredis";
import { Server } from "socket.io";
import { tellReady } from "./ready.ts";

const [url = ""] = process.argv.slice(2);

const http = createServer();
new Server(http, { adapter: createAdapter(new Redis(url), new Redis(url)), transports: ["websocket"] });
http.listen(0, "127.0.0.1", () => {
  const address = http.address();
  if (address === null || typeof address === "string") throw new Error("no port to listen on");
  tellReady(address.port);
});
process.on("SIGTERM", () => process.exit());
