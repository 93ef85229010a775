import { dirname } from "node:path";
import { startRedis } from "@drawchat/local/redis";
import { assertRedisSettings, commandClient } from "@drawchat/redis/connect";
import { createLog } from "@drawchat/runtime/log";
import { expect, test } from "vitest";
import { testRedisServer } from "./redis.ts";

const server = await testRedisServer();

async function withClient<T>(use: (client: ReturnType<typeof commandClient>) => Promise<T>): Promise<T> {
  const client = commandClient(server.url, "fixtures", createLog("test", "silent"));
  await client.connect();
  try {
    return await use(client);
  } finally {
    client.disconnect();
  }
}

test("what was written survives kill -9 and a restart on the same port", async () => {
  await withClient((client) => client.set("k", "v"));
  await server.kill();
  await server.start();
  expect(await withClient((client) => client.get("k"))).toBe("v");
});

test("it holds every setting that the chat asserts", async () => {
  await withClient((client) => assertRedisSettings(client));
});

test("a start on the folder of one that was left behind stops that one and keeps what it held", async () => {
  await withClient((client) => client.set("left", "behind"));
  const dir = dirname(server.appendOnlyDir);
  const next = await startRedis({ dir, port: server.port });
  expect(await withClient((client) => client.get("left"))).toBe("behind");
  await server.ended;
  await next.stop();
  await server.start();
});
