import type { ConversationMessage } from "@drawchat/protocol/conversations";
import { startReceiver } from "@drawchat/testkit/receiver";
import { afterAll, beforeEach, expect, test } from "vitest";
import { askWebhookBot } from "./webhook-bot.ts";

const receiver = await startReceiver();
afterAll(() => receiver.close());
beforeEach(() => {
  receiver.received.length = 0;
});

function said(id: number, message: string): ConversationMessage {
  const who = { user_id: 1, username: "ann", profile_pic: null, role: "customer" as const };
  const times = { created_at: "2026-01-05T10:00:00.000Z", edited_at: null, deleted_at: null };
  return { id, conversation_id: 99, ...who, message, message_type: "text", attachment: null, ...times };
}

function ask(answer: string | number) {
  receiver.answer = () => answer;
  const question = { deliveryId: "q-1", message: said(2, "and now?"), before: [said(1, "hello")] };
  return askWebhookBot({ url: receiver.url, secret: "s".repeat(32) }, question);
}

test("it is told the message and what was said before, under the id of the question", async () => {
  await ask("{}");
  const { headers = {}, json } = { ...receiver.received[0] };
  expect(headers).toMatchObject({ "drawchat-delivery": "q-1", "drawchat-signature": expect.stringMatching(/^t=\d+,v1=[0-9a-f]{64}$/) });
  expect(json).toEqual({
    id: "q-1",
    type: "bot.message",
    conversation_id: 99,
    message: said(2, "and now?"),
    messages: [said(1, "hello")],
  });
});

test.each([
  ['{"reply":"  Ten.\\u0007 "}', { reply: "Ten.", handsOff: false }],
  ['{"reply":"One moment.","handoff":true,"mood":"fine"}', { reply: "One moment.", handsOff: true }],
  ['{"handoff":true}', { reply: undefined, handsOff: true }],
  ['{"reply":""}', { reply: undefined, handsOff: false }],
  ["{}", { reply: undefined, handsOff: false }],
  [204, { reply: undefined, handsOff: false }],
])("%j is %j", async (answer, read) => {
  expect(await ask(answer)).toEqual(read);
});

test.each([
  ["Ten.", "its answer is not JSON"],
  ["[]", "its answer is not {reply?: text, handoff?: true or false}"],
  ['{"reply":10}', "its answer is not {reply?: text, handoff?: true or false}"],
  ['{"reply":null}', "its answer is not {reply?: text, handoff?: true or false}"],
  ['{"handoff":"yes"}', "its answer is not {reply?: text, handoff?: true or false}"],
  ['{"reply":" \\u200b "}', "its reply cannot be sent: empty_message"],
  ['{"reply":"\\ud800"}', "its reply cannot be sent: bad_text"],
  [JSON.stringify({ reply: "x".repeat(2_001) }), "its reply cannot be sent: too_long"],
  [JSON.stringify({ reply: "x".repeat(70_000) }), "its answer has more than 65536 bytes"],
  [500, "it answered 500"],
])("%j cannot be used", async (answer, problem) => {
  await expect(ask(answer)).rejects.toThrow(problem);
});
