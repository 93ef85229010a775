/** Conversations that come back to people: from the bot, and from sleep. */
import { sql } from "kysely";
import type { Db } from "./connect.ts";
import { type ConversationChanged, lockConversation, writeChange } from "./conversation-writing.ts";

export interface Handover {
  id: number;
  tellsWebhook: boolean;
}

/** The bot falls silent and the conversation is open. Changes nothing where the bot is off. `unknown`: no such conversation. */
export function handOff(db: Db, { id, tellsWebhook }: Handover): Promise<ConversationChanged | "unknown"> {
  return db.transaction().execute(async (trx) => {
    const row = await lockConversation(trx, id);
    if (row === undefined) return "unknown";
    const columns = row.is_bot_on ? { is_bot_on: false, status: "open" as const, snoozed_until: null } : {};
    return writeChange(trx, id, { columns, tellsWebhook });
  });
}

const WOKEN_AT_ONCE = 200;

/** Opens snoozed conversations whose time has come, by the clock of Postgres; resolves with those that it opened. */
export async function wakeConversations(db: Db, { tellsWebhook }: Pick<Handover, "tellsWebhook">): Promise<ConversationChanged[]> {
  const due = await db
    .selectFrom("conversations")
    .select("id")
    .where("status", "=", "snoozed")
    .where("snoozed_until", "<=", sql<Date>`now()`)
    .orderBy("snoozed_until")
    .limit(WOKEN_AT_ONCE)
    .execute();
  const woken: ConversationChanged[] = [];
  for (const { id } of due) {
    const changed = await wake(db, { id, tellsWebhook });
    if (changed !== undefined) woken.push(changed);
  }
  return woken;
}

/** Undefined where somebody was here first. */
function wake(db: Db, { id, tellsWebhook }: Handover): Promise<ConversationChanged | undefined> {
  return db.transaction().execute(async (trx) => {
    const row = await lockConversation(trx, id);
    if (row?.status !== "snoozed" || row.snoozed_until === null || row.snoozed_until.getTime() > Date.now()) return undefined;
    return writeChange(trx, id, { columns: { status: "open", snoozed_until: null }, tellsWebhook });
  });
}
