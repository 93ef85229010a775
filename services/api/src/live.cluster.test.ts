/** REST beside live sockets: what was said and liked live is what REST shows, and the other way round. */

import { TestClient } from "@drawchat/testkit/client";
import { startCluster } from "@drawchat/testkit/cluster";
import { afterAll, expect, test } from "vitest";

const cluster = await startCluster();
afterAll(() => cluster.stop());
const session = await cluster.session();
const headers = { authorization: `Bearer ${await cluster.token({ userId: 2, roles: ["admin"] })}` };
const rest = (method: string, path: string) => fetch(`${cluster.url("api-1")}/live-chat${path}`, { method, headers });

test("a line is in the next page as it was on the screen, before and after it is stored", async () => {
  const client = await TestClient.open({ ...(await cluster.clientOptions(session.id)), version: 1, tokenIn: "query" });
  client.send({ type: "message", message: "good luck 🍀" });
  const { message } = await client.waitFor("new_message");
  expect(await (await rest("GET", "/messages")).json()).toEqual({ messages: [message] });
  const row = () => cluster.database.db.selectFrom("live_chat_messages").select("id").executeTakeFirst();
  await expect.poll(row, { timeout: 10_000 }).toEqual({ id: message.id });
  await cluster.redis.kill();
  await cluster.redis.start();
  await expect.poll(async () => (await rest("GET", "/messages")).status, { timeout: 10_000 }).toBe(200);
  expect(await (await rest("GET", "/messages")).json()).toEqual({ messages: [message] });
});

test("likes over REST reach the sockets", async () => {
  const client = await TestClient.open({ ...(await cluster.clientOptions(session.id, { userId: 3 })), version: 1, tokenIn: "query" });
  client.send({ type: "message", message: "like me" });
  const { message } = await client.waitFor("new_message");
  expect(await (await rest("POST", `/like-message/${message.id}`)).json()).toMatchObject({ likes: 1 });
  expect(await client.waitFor("message_like_update")).toEqual({ type: "message_like_update", message_id: message.id, likes: 1 });
  expect(await (await rest("POST", "/like")).json()).toMatchObject({ total_likes: 1 });
  expect(await client.waitFor("session_like_update")).toEqual({ type: "session_like_update", total_likes: 1 });
});

test("ending a user's sockets closes them with 4503", async () => {
  const client = await TestClient.join(await cluster.clientOptions(session.id, { userId: 4 }));
  expect((await rest("POST", "/users/4/disconnect")).status).toBe(204);
  expect(await client.closed).toMatchObject({ code: 4503 });
});

test("closing a session refuses the next line at once", async () => {
  const client = await TestClient.join(await cluster.clientOptions(session.id, { userId: 5 }));
  expect((await rest("POST", `/sessions/${session.id}/close`)).status).toBe(200);
  client.send({ type: "message", client_id: crypto.randomUUID(), message: "too late" });
  expect(await client.waitFor("error")).toMatchObject({ code: "chat_closed" });
});
