/** The api process as it is run: start, readiness, configuration, stop. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { ServiceProcess } from "@drawchat/local/process";
import { startCluster } from "@drawchat/testkit/cluster";
import { afterAll, expect, test } from "vitest";

const cluster = await startCluster({ gateways: 0, writers: 0, env: { DRAW_TIME_HOUR: "20", DRAW_TIMEZONE: "Europe/Berlin" } });
afterAll(() => cluster.stop());

test("it is ready, serves the daily draw, and keeps private calls to the private port", async () => {
  expect(await (await fetch(`${cluster.privateUrl("api-1")}/readyz`)).json()).toEqual({ ready: true, missing: [] });
  const headers = { authorization: `Bearer ${await cluster.token()}` };
  const status = await fetch(`${cluster.url("api-1")}/live-chat/status`, { headers });
  expect(await status.json()).toMatchObject({ enabled: true, session_id: 1, state: expect.stringMatching(/scheduled|open/) });
  for (const path of ["/healthz", "/metrics", "/internal/rooms/s1/sent"])
    expect((await fetch(cluster.url("api-1") + path)).status).toBe(404);
  expect(await (await fetch(`${cluster.privateUrl("api-1")}/metrics`)).text()).toContain('route="/live-chat/status",status="200"');
});

test("it is not ready while Redis is away, and comes back by itself", async () => {
  const readiness = async () => (await fetch(`${cluster.privateUrl("api-1")}/readyz`)).json();
  await cluster.redis.kill();
  await expect.poll(readiness).toEqual({ ready: false, missing: ["redis"] });
  await cluster.redis.start();
  await expect.poll(readiness, { timeout: 10_000 }).toEqual({ ready: true, missing: [] });
});

test("no line of its log holds a token", async () => {
  const token = await cluster.token({ userId: 9 });
  const answer = await fetch(`${cluster.url("api-1")}/live-chat/nothing?token=${token}`, { headers: { authorization: `Bearer ${token}` } });
  expect(answer.status).toBe(404);
  const line = await cluster.waitForLog((each) => each.msg === "request" && each.status === 404 && String(each.url).includes("nothing"));
  expect(line.url).toBe("/live-chat/nothing?token=***");
  expect(JSON.stringify(cluster.logs.all)).not.toContain(token);
});

test("a wrong configuration is told whole, once, and ends it with 78", async () => {
  const env = {
    PATH: process.env.PATH,
    LIVE_CHAT_PRE_DRAW_HOURS: "-1",
    LIVE_CHAT_MESSAGE_HISTORY_LIMIT: "0",
    LIVE_CHAT_NO: "1",
    JWT_SECRET: "short",
  };
  const child = spawn(process.execPath, [new URL("main.ts", import.meta.url).pathname], { env });
  let told = "";
  child.stderr.on("data", (text: Buffer) => {
    told += text.toString();
  });
  const [status] = await once(child, "close");
  expect(status).toBe(78);
  for (const name of Object.keys(env).slice(1)) expect(told).toContain(name);
});

test("a schema that is not its own ends it with 78", async () => {
  const { pool, url } = cluster.database;
  await pool.query("INSERT INTO kysely_migration (name, timestamp) VALUES ('9999-foreign', 'now')");
  const env = {
    REDIS_URL: cluster.redis.url,
    DATABASE_URL: url,
    JWT_SECRET: "a secret of the tests, 32 bytes or more",
    PORT: "0",
    PRIVATE_PORT: "0",
    PATH: process.env.PATH ?? "",
  };
  const refused = ServiceProcess.start({ service: "api", env });
  await expect(refused).rejects.toMatchObject({ code: 78, output: expect.stringContaining("newer than this version (9999-foreign)") });
  await pool.query("DELETE FROM kysely_migration WHERE name = '9999-foreign'");
});

test("SIGTERM lets a request in hand finish and ends it with 0", async () => {
  const { port } = new URL(cluster.url("api-1"));
  const socket = connect(Number(port), "127.0.0.1");
  let received = "";
  socket.on("data", (bytes: Buffer) => {
    received += bytes.toString();
  });
  const headers = `Host: x\r\nAuthorization: Bearer ${await cluster.token()}\r\nContent-Type: application/json\r\nContent-Length: 2`;
  socket.write(`POST /live-chat/like HTTP/1.1\r\n${headers}\r\nExpect: 100-continue\r\n\r\n`);
  await expect.poll(() => received).toContain("100 Continue"); // it is in hand now
  cluster.process("api-1").kill("SIGTERM");
  await cluster.waitForLog((line) => line.service === "api" && line.msg === "stopping");
  socket.write("{}");
  await once(socket, "close");
  expect(received).toMatch(/HTTP\/1.1 (200|403) [^\r]*\r\n(.*\r\n)*connection: close/i);
  expect(await cluster.process("api-1").ended).toMatchObject({ code: 0 });
});
