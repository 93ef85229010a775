/** Conversations over two apis and a writer: what one node accepts the other reads, and what is stored is what lists show. */

import type { Role } from "@drawchat/auth/claims";
import { Conversation, ConversationPage, SentMessage } from "@drawchat/protocol/conversations-rest";
import { commandClient } from "@drawchat/redis/connect";
import { createLog } from "@drawchat/runtime/log";
import { type ProcessName, startCluster } from "@drawchat/testkit/cluster";
import { flushAll } from "@drawchat/testkit/redis-nodes";
import type Type from "typebox";
import Value from "typebox/value";
import { afterAll, expect, test } from "vitest";

const cluster = await startCluster({ gateways: 0, apis: 2, writers: 1 });
afterAll(() => cluster.stop());

const [ANN, BEN, CLEO] = [
  { userId: 1, username: "ann" },
  { userId: 2, username: "ben", roles: ["agent"] satisfies Role[] },
  { userId: 3, username: "cleo", roles: ["admin"] satisfies Role[] },
];

async function call(api: ProcessName, request: string, by: typeof ANN, body?: object): Promise<unknown> {
  const [method = "GET", path] = request.split(" ");
  const authorization = `Bearer ${await cluster.token(by)}`;
  const json = body === undefined ? {} : { body: JSON.stringify(body) };
  const headers = { authorization, ...(body === undefined ? {} : { "content-type": "application/json" }) };
  const response = await fetch(`${cluster.url(api)}${path}`, { method, headers, ...json });
  const text = await response.text();
  if (!response.ok) throw new Error(`${request}: ${response.status} ${text}`);
  return text === "" ? undefined : JSON.parse(text);
}

async function ask<S extends Type.TSchema>(schema: S, ...request: Parameters<typeof call>): Promise<Type.Static<S>> {
  const answer = await call(...request);
  if (!Value.Check(schema, answer)) throw new Error(`${request[1]}: ${JSON.stringify(answer)}`);
  return answer;
}

test("a conversation from its first message to its tombstones", async () => {
  const first = { client_id: crypto.randomUUID(), message: "Where is it?" };
  const { id } = await ask(Conversation, "api-1", "POST /conversations", ANN, { client_id: crypto.randomUUID(), message: first });
  const path = `/conversations/${id}`;
  const inList = async () => (await ask(ConversationPage, "api-2", "GET /conversations?mine=true", BEN)).conversations[0];

  const sent = await ask(SentMessage, "api-2", `POST ${path}/messages`, ANN, first); // the other node knows it at once
  expect(sent).toMatchObject({ duplicate: true, message: { message: "Where is it?", username: "ann" } });
  await call("api-2", "GET /users/me", BEN);
  await ask(Conversation, "api-2", `PATCH ${path}`, CLEO, { assignee_id: 2 });
  await expect.poll(inList).toMatchObject({ id, unread_count: 1, last_message: { message: "Where is it?" } });

  await call("api-1", `POST ${path}/read`, BEN, { upto: sent.message.id });
  await expect.poll(inList).toMatchObject({ unread_count: 0, participants: [{}, { user_id: 2, read_upto: sent.message.id }] });

  const answer = await ask(SentMessage, "api-1", `POST ${path}/messages`, BEN, {
    client_id: crypto.randomUUID(),
    message: "Here.",
    if_last_id: sent.message.id,
  });
  await expect.poll(inList).toMatchObject({ unread_count: 0, last_message: { id: answer.message.id, message: "Here." } });
  const mine = async () =>
    (await ask(ConversationPage, "api-1", "GET /conversations?unread=true", ANN)).conversations.map((one) => one.unread_count);
  expect(await mine()).toEqual([1]);
  await call("api-2", `DELETE ${path}/messages/${answer.message.id}`, BEN);
  await expect.poll(mine).toEqual([]);
  await expect.poll(inList).toMatchObject({ last_message: { message: "", is_deleted: true } });

  const redis = commandClient(cluster.redis.url, "test", createLog("test", "silent"));
  await redis.connect();
  await flushAll(redis);
  redis.disconnect();
  expect(await ask(SentMessage, "api-1", `POST ${path}/messages`, ANN, first)).toEqual({ ...sent, duplicate: true });
});
