import { Conversation } from "@drawchat/protocol/conversations-rest";
import { Assert } from "typebox/value";
import { expect, test } from "vitest";
import { testApi, testStores } from "./test-api.ts";

const { call } = await testApi(await testStores());

const [CUSTOMER, AGENT] = [1, 2];
const said = (message: string) => ({ client_id: crypto.randomUUID(), message });

async function conversation(id: number): Promise<Conversation> {
  const { body } = await call(`GET /conversations/${id}`, { user: CUSTOMER });
  Assert(Conversation, body);
  return body;
}

test("a note of an agent leaves no trace for the customer; a message makes the agent a participant", async () => {
  const made = await call("POST /conversations", { user: CUSTOMER, body: { client_id: crypto.randomUUID(), message: said("help") } });
  Assert(Conversation, made.body);
  const { id } = made.body;
  const before = await conversation(id);
  const note = await call(`POST /conversations/${id}/notes`, { user: AGENT, roles: ["agent"], body: said("careful") });
  expect(note.status).toBe(201);
  expect(await conversation(id)).toEqual(before);
  const reply = await call(`POST /conversations/${id}/messages`, { user: AGENT, roles: ["agent"], body: said("hello") });
  expect(reply.status).toBe(201);
  expect((await conversation(id)).participants.map((one) => one.user_id)).toEqual([CUSTOMER, AGENT]);
  const page = await call(`GET /conversations/${id}/messages`, { user: CUSTOMER });
  expect(page.text).not.toContain("careful");
});
