/**
 * A bot of the operator's own: it is asked by a signed POST and answers with JSON. A question that is asked again, because
 * its answer got lost, has the same `Drawchat-Delivery`.
 */
import type { ConversationMessage } from "@drawchat/protocol/conversations";
import { CONVERSATION_TEXT, cleanText } from "@drawchat/protocol/text";
import Type from "typebox";
import Compile from "typebox/compile";
import type { BotAnswer } from "./bot-answer.ts";
import { PostFailed, postSigned, type Receiver } from "./signed-post.ts";

const webhookAnswer = Compile(Type.Object({ reply: Type.Optional(Type.String()), handoff: Type.Optional(Type.Boolean()) }));

export interface WebhookQuestion {
  deliveryId: string;
  message: ConversationMessage;
  /** What was said before, oldest first. */
  before: readonly ConversationMessage[];
}

/** Throws PostFailed where there is no answer, or none that can be sent. An empty answer is none to the customer. */
export async function askWebhookBot(receiver: Receiver, { deliveryId, message, before }: WebhookQuestion): Promise<BotAnswer> {
  const question = { id: deliveryId, type: "bot.message", conversation_id: message.conversation_id, message, messages: before };
  const text = await postSigned(receiver, { deliveryId, body: JSON.stringify(question), wantsAnswer: true });
  if (text.trim() === "") return { reply: undefined, handsOff: false };
  const answer = parse(text);
  if (!webhookAnswer.Check(answer)) throw new PostFailed("its answer is not {reply?: text, handoff?: true or false}");
  return { reply: toReply(answer.reply), handsOff: answer.handoff === true };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new PostFailed("its answer is not JSON");
  }
}

function toReply(raw: string | undefined): string | undefined {
  if (raw === undefined || raw === "") return undefined;
  const cleaned = cleanText(raw, CONVERSATION_TEXT);
  if (!cleaned.ok) throw new PostFailed(`its reply cannot be sent: ${cleaned.code}`);
  return cleaned.text;
}
