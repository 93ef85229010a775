/** Reads while people chat through a gateway: two api processes, and readers who never stop. */
import { MessagePage } from "@drawchat/protocol/rest";
import { TestClient } from "@drawchat/testkit/client";
import { startCluster } from "@drawchat/testkit/cluster";
import Value from "typebox/value";
import { afterAll, expect, test } from "vitest";

const cluster = await startCluster({ apis: 2, env: { LIVE_CHAT_MAX_MESSAGES_PER_USER_PER_MINUTE: "0" } });
afterAll(() => cluster.stop());
const session = await cluster.session();
const headers = { authorization: `Bearer ${await cluster.token({ userId: 2 })}` };

async function newest(api: "api-1" | "api-2"): Promise<number | undefined> {
  const body: unknown = await (await fetch(`${cluster.url(api)}/live-chat/messages`, { headers })).json();
  if (!Value.Check(MessagePage, body)) throw new Error(`not a page of messages: ${JSON.stringify(body)}`);
  return body.messages.at(-1)?.id;
}

test("who got an ack finds the line in the next page, on whichever api, while others read", async () => {
  const client = await TestClient.join(await cluster.clientOptions(session.id));
  let isOver = false;
  const readers = Array.from({ length: 8 }, async (_, i) => {
    while (!isOver) await newest(i % 2 === 0 ? "api-1" : "api-2");
  });
  for (let i = 0; i < 50; i += 1) {
    const clientId = crypto.randomUUID();
    client.send({ type: "message", client_id: clientId, message: `line ${i}` });
    const ack = await client.waitFor("ack", (frame) => frame.client_id === clientId);
    expect(await newest(i % 2 === 0 ? "api-2" : "api-1")).toBe(ack.id);
  }
  isOver = true;
  await Promise.all(readers);
});
