import { readFile, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { readTokenConfig } from "@drawchat/auth/config";
import { signToken } from "@drawchat/auth/token";
import { freePort } from "@drawchat/local/ports";
import { Env } from "@drawchat/runtime/env";
import { TestClient } from "@drawchat/testkit/client";
import { createTestRedis } from "@drawchat/testkit/redis";
import { afterAll, expect, test, vi } from "vitest";
import { isAlive, TestChat, takenPorts } from "./test-chat.ts";

const PATIENCE = { timeout: 40_000, interval: 50 };
vi.setConfig({ testTimeout: 120_000 }); // a start is ten processes; several of them on a busy machine take their time
const chat = await TestChat.create();
afterAll(() => chat.remove());

async function token(): Promise<string> {
  const secret = await readFile(join(chat.dataDir, "secret"), "utf8");
  return await signToken(readTokenConfig(new Env({ JWT_SECRET: secret })), { userId: 1, username: "ann", expiresInSeconds: 600 });
}

async function get(path: string): Promise<Response> {
  return await fetch(`http://localhost:${chat.port}${path}`, { headers: { authorization: `Bearer ${await token()}` } });
}

async function join1(): Promise<TestClient> {
  return await TestClient.join({ url: `ws://localhost:${chat.port}/live-chat/ws/1`, token: await token() });
}

async function texts(): Promise<string[]> {
  const { messages } = Object(await (await get("/live-chat/messages?session_id=1")).json());
  return messages.map((line: { message: string }) => line.message);
}

test("a fresh start opens a demo draw, and page, API and socket work on one port", async () => {
  await chat.start();
  expect(chat.output).toContain(`http://localhost:${chat.port}/docs`);
  expect(await (await get("/live-chat/status")).json()).toMatchObject({ enabled: true, active: true, state: "open", session_id: 1 });
  expect((await get("/")).headers.get("content-type")).toContain("text/html");
  const ann = await join1();
  await ann.say("first");
  await ann.close();
  expect(await texts()).toEqual(["first"]);
});

test("a customer who asks is answered by the bot that comes with it", async () => {
  const post = async (path: string, body: object) =>
    await fetch(`http://localhost:${chat.port}${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${await token()}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  const message = { client_id: crypto.randomUUID(), message: "What does DELIVERY cost?" };
  const { id } = Object(await (await post("/conversations", { client_id: crypto.randomUUID(), message })).json());
  const said = async () => {
    const { messages } = Object(await (await get(`/conversations/${id}/messages`)).json());
    return messages.map(({ role }: { role: string }) => role);
  };
  await vi.waitFor(async () => expect(await said()).toEqual(["customer", "bot"]), PATIENCE);
});

test("the secret and the addresses are their owner's alone", async () => {
  for (const file of ["secret", "endpoints.json"]) expect((await stat(join(chat.dataDir, file))).mode & 0o777).toBe(0o600);
});

test("metrics of every process are where endpoints.json says", async () => {
  const { metrics } = await chat.endpoints();
  const texts = await Promise.all(metrics.map(async (url) => (await fetch(url)).text()));
  expect(texts.map((text) => /service="(\w+)"/.exec(text)?.[1])).toEqual(["api", "gateway", "writer", "jobs", "edge"]);
});

test("a second start on the same folder is refused", async () => {
  const second = new TestChat(chat.dir, chat.port + 1);
  const child = await second.run();
  expect(await child.ended).toEqual({ code: 1, signal: null });
  expect(second.output).toContain("runs already");
  expect((await get("/live-chat/status")).status).toBe(200);
});

test("a gateway that is killed comes back where it was", async () => {
  const before = await chat.endpoints();
  const [gateway = 0] = await chat.readyPids("gateway");
  process.kill(gateway, "SIGKILL");
  await vi.waitFor(async () => expect(await chat.readyPids("gateway")).toHaveLength(2), PATIENCE);
  expect(chat.output).toContain("gateway-1 died; starting it again");
  expect(await chat.endpoints()).toEqual(before);
  const ann = await join1();
  await ann.say("second");
  await ann.close();
});

test("a start that cannot have its port names PORT and leaves nothing behind", async () => {
  const taken = createServer();
  const other = await TestChat.create();
  await new Promise<void>((resolve) => taken.listen(other.port, "127.0.0.1", resolve));
  const child = await other.run();
  expect(await child.ended).toEqual({ code: 1, signal: null });
  expect(other.output).toContain(`port ${other.port} is in use. Set PORT`);
  taken.close();
  await other.remove();
});

test("wrong settings of processes end the start with 78, all of them in words", async () => {
  const other = await TestChat.create();
  const child = await other.run({ REST_WRITES_PER_MINUTE: "many", GATEWAY_TICK_MS: "0", WRITER_BATCH_WAIT_MS: "-1" });
  expect(await child.ended).toEqual({ code: 78, signal: null });
  for (const name of ["REST_WRITES_PER_MINUTE", "GATEWAY_TICK_MS", "WRITER_BATCH_WAIT_MS"])
    expect(other.output.split(`${name} must be`)).toHaveLength(2);
  const pids = (await other.log()).map(({ pid }) => pid);
  expect(pids.filter(isAlive)).toEqual([]);
  await other.remove();
});

test("wrong LIVE_CHAT_ settings are all named before anything starts", async () => {
  const other = await TestChat.create();
  const child = await other.run({ LIVE_CHAT_ENABLED: "perhaps", LIVE_CHAT_ENABLE: "1" });
  expect(await child.ended).toEqual({ code: 78, signal: null });
  expect(other.output).toContain("LIVE_CHAT_ENABLED must be");
  expect(other.output).toContain("LIVE_CHAT_ENABLE is not a setting");
  await other.remove();
});

test("stores of the environment that nobody answers for are both named in plain words, without their passwords", async () => {
  const other = await TestChat.create();
  const [redis, postgres] = [await freePort(), await freePort()];
  const child = await other.run({
    REDIS_URL: `redis://:hunter2@127.0.0.1:${redis}`,
    DATABASE_URL: `postgres://ann:hunter2@127.0.0.1:${postgres}/chat`,
  });
  expect(await child.ended).toEqual({ code: 1, signal: null });
  expect(other.output).toContain(`REDIS_URL cannot be used: 127.0.0.1:${redis} says connect ECONNREFUSED`);
  expect(other.output).toContain(`DATABASE_URL cannot be used: 127.0.0.1:${postgres} says connect ECONNREFUSED`);
  expect(other.output).not.toMatch(/hunter2|\n +at |[{}]/);
  await other.remove();
});

test("a Redis of the environment that may lose messages is refused in plain words", async () => {
  const { redis, remove } = await createTestRedis({ appendonly: "no" });
  const other = await TestChat.create();
  const child = await other.run({ REDIS_URL: redis.url });
  expect(await child.ended).toEqual({ code: 78, signal: null });
  expect(other.output).toMatch(/Redis( at [0-9.:]+)? has no append-only file: set `appendonly yes`/);
  expect(other.output).not.toMatch(/\n +at |[{}]/);
  await Promise.all([other.remove(), remove()]);
});

test("a supervisor that is killed takes its processes with it, and the next start goes on with the data", async () => {
  const endpoints = await chat.endpoints();
  chat.signal("SIGKILL");
  await chat.ended;
  await chat.start();
  expect(await texts()).toEqual(["first", "second"]);
  // What the killed one had started is gone.
  const later = await chat.endpoints();
  await vi.waitFor(async () => expect(await takenPorts(endpoints, later)).toEqual([]), PATIENCE);
});

test("Ctrl-C, which npm hands on a second time, tells sockets to come back, stops every process and frees every port", async () => {
  const endpoints = await chat.endpoints();
  const pids = [...new Set((await chat.log()).map(({ pid }) => pid))];
  const ann = await join1();
  chat.signal("SIGINT");
  chat.signal("SIGINT");
  expect(await ann.closed).toMatchObject({ code: 1012 });
  expect(await chat.ended).toEqual({ code: 0, signal: null });
  expect(pids.filter(isAlive)).toEqual([]);
  expect(await takenPorts(endpoints)).toEqual([]);
  await expect(chat.endpoints()).rejects.toThrow("ENOENT");
});
