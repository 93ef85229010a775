/** Conversations over real gateways: rooms, messages, membership, marks, typing, inboxes. */
import { startCluster } from "@drawchat/testkit/cluster";
import { addConversation } from "@drawchat/testkit/conversations";
import { afterAll, expect, test } from "vitest";
import { ConversationClient } from "../test/conversation-client.ts";

const cluster = await startCluster({ gateways: 2 });
afterAll(() => cluster.stop());
const { db } = cluster.database;

let lastUser = 100;
const newUser = () => {
  lastUser += 1;
  return lastUser;
};

/** A conversation of two customers, each on a gateway of their own. */
async function pair() {
  const [a, b] = [newUser(), newUser()];
  const id = await addConversation(db, { members: [{ userId: a }, { userId: b }] });
  const room = `c${id}`;
  const [ann, ben] = await Promise.all([
    ConversationClient.join(cluster, { userId: a, username: "ann" }, room),
    ConversationClient.join(cluster, { userId: b, gateway: "gateway-2" }, room),
  ]);
  return { id, room, a, b, ann, ben };
}

test("a message reaches everybody on either gateway and is stored", async () => {
  const { id, room, a, ann, ben } = await pair();
  const { id: messageId } = await ann.say(room, "hello");
  await expect.poll(() => ben.messages(room)).toEqual(["hello"]);
  await ben.waitFor("stored", (frame) => frame.room === room && frame.upto >= messageId);
  const event = ben.all("batch").flatMap((frame) => frame.events)[0];
  expect(event).toEqual({
    type: "new_message",
    message: {
      id: messageId,
      conversation_id: id,
      user_id: a,
      username: "ann",
      profile_pic: null,
      role: "customer",
      message: "hello",
      message_type: "text",
      attachment: null,
      created_at: expect.stringMatching(/^20..-..-..T..:..:..\....Z$/),
      edited_at: null,
      deleted_at: null,
    },
  });
});
