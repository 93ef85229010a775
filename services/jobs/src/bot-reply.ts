/**
 * The bot's answer to one message of a customer: once, however often the job runs. Its client_id is made from the message,
 * so `accept` and Postgres know a repetition; that it is stored is asked first, for a Redis that has lost its memory.
 * `accept` has the last word: with an agent in the conversation it refuses what a bot says.
 */
import { type BotTurn, findBotTurn } from "@drawchat/db/bot-turn";
import type { Db } from "@drawchat/db/connect";
import { addJob } from "@drawchat/db/job-queue";
import { findUser } from "@drawchat/db/users";
import { WORK, withWorkLock } from "@drawchat/db/work-lock";
import type { ErrorCode } from "@drawchat/protocol/errors";
import { conversationRoom, idTimeMs } from "@drawchat/protocol/ids";
import type { Acceptor } from "@drawchat/redis/accept";
import { newMessageParts } from "@drawchat/redis/conversation-message";
import { uuidOf } from "@drawchat/runtime/name-uuid";
import type pg from "pg";
import type { BotAnswer } from "./bot-answer.ts";
import { conversationIdOf, idOf } from "./payloads.ts";

const LOCKED_WAIT_MS = 1_000;
/** Nobody wants an answer any more: a job that waited for a bot that was switched off for a while. */
const STALE_MS = 12 * 3_600_000;
/** The conversation is an agent's now, or nobody's: nothing to make good. */
const SILENCING: readonly ErrorCode[] = ["bot_off", "not_found", "session_not_found", "forbidden"];

export type BotOutcome = "answered" | "handed_off" | "silent" | "silenced";
export const BOT_OUTCOMES: readonly BotOutcome[] = ["answered", "handed_off", "silent", "silenced"];

export interface BotParts {
  db: Db;
  pool: pg.Pool;
  acceptor: Acceptor;
  botUserId: number;
  /** `questionId`: the same for the same message. */
  think: (turn: BotTurn, questionId: string) => Promise<BotAnswer>;
  /** Calls a person in; the bot is off then. Harmless to repeat. */
  handOff: (conversationId: number) => Promise<void>;
  onOutcome: (outcome: BotOutcome) => void;
}

/** Throws on a payload that is not ours, and where an answer could not be had or sent: it is run again then. */
export async function replyAsBot(parts: BotParts, payload: unknown): Promise<void> {
  const [conversationId, messageId] = [conversationIdOf(payload), idOf(payload, "message_id")];
  const outcome = await withWorkLock(parts.pool, { work: WORK.bot, conversationId }, () => reply(parts, conversationId, messageId));
  if (outcome !== "locked") return parts.onOutcome(outcome);
  // It is at the customer's message before: one after the other.
  const payloadAgain = { conversation_id: conversationId, message_id: messageId };
  const runAtMs = Date.now() + LOCKED_WAIT_MS;
  await addJob(parts.db, { name: "bot_reply", payload: payloadAgain, key: `bot_reply:${messageId}`, runAtMs });
}

async function reply(parts: BotParts, conversationId: number, messageId: number): Promise<BotOutcome> {
  if (idTimeMs(messageId) < Date.now() - STALE_MS) return "silent";
  const { db, botUserId } = parts;
  const answerClientId = uuidOf(`bot ${botUserId} answers ${messageId}`);
  const turn = await findBotTurn(db, { conversationId, messageId, botUserId, answerClientId });
  if (turn === undefined) return "silent";
  const { reply, handsOff } = await parts.think(turn, uuidOf(`bot ${botUserId} is asked ${messageId}`));
  const isSaid = turn.isAnswered || reply === undefined || (await say(parts, { conversationId, clientId: answerClientId, text: reply }));
  if (!isSaid) return "silenced";
  // Behind the answer, which would be refused otherwise; a crash in between runs this again.
  if (handsOff) await parts.handOff(conversationId);
  return handsOff ? "handed_off" : reply === undefined ? "silent" : "answered";
}

/** False where the bot may say nothing there any more. Throws where it is to be tried again. */
async function say({ db, acceptor, botUserId }: BotParts, { conversationId, clientId, text }: Said): Promise<boolean> {
  const bot = await findUser(db, botUserId);
  if (bot === undefined || !bot.is_active) return false;
  const outcome = await acceptor.submit({
    room: conversationRoom(conversationId),
    kind: "m",
    userId: botUserId,
    clientId,
    parts: newMessageParts({
      conversation_id: conversationId,
      user_id: botUserId,
      username: bot.username,
      profile_pic: bot.profile_pic,
      role: "bot",
      message: text,
      message_type: "text",
      attachment: null,
    }),
  });
  if (outcome.kind !== "refused") return true;
  if (SILENCING.includes(outcome.code)) return false;
  throw new Error(`the bot's answer was refused: ${outcome.code}`);
}

interface Said {
  conversationId: number;
  clientId: string;
  text: string;
}
