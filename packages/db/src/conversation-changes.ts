/** Changing a conversation, and who is in it. Repeating a change changes nothing. */
import type { ConversationPriority, ConversationStatus } from "@drawchat/protocol/conversations-rest";
import { sql, type Updateable } from "kysely";
import type { Db } from "./connect.ts";
import {
  addPeople,
  type ConversationChanged,
  findActivePeople,
  isFullWith,
  isStaff,
  lockConversation,
  type Person,
  unchanged,
  writeChange,
} from "./conversation-writing.ts";
import type { ConversationRow, ConversationsTable } from "./tables.ts";

/** What is absent stays as it is. */
export interface ConversationEdit {
  title?: string | null | undefined;
  status?: ConversationStatus | undefined;
  snoozedUntil?: Date | undefined;
  assigneeId?: number | null | undefined;
  priority?: ConversationPriority | undefined;
  labels?: readonly string[] | undefined;
  isBotOn?: boolean | undefined;
}

export interface ConversationEditRequest {
  id: number;
  edit: ConversationEdit;
  /** Becomes a participant where the bot is switched on and none is there. */
  botUserId: number | undefined;
  /** Record it for the webhook. */
  tellsWebhook: boolean;
}

/** `unknown`: no such conversation. `not_staff`: the assignee is no active agent or admin. `awake`: a time to wake it, and it does not sleep. */
export type EditRefusal = "unknown" | "not_staff" | "no_bot" | "awake" | "full";

/** An assignee becomes a participant. An agent in the conversation switches the bot off, whatever else the change says. */
export function editConversation(db: Db, request: ConversationEditRequest): Promise<ConversationChanged | EditRefusal> {
  const { id, edit, tellsWebhook } = request;
  return db.transaction().execute(async (trx) => {
    const row = await lockConversation(trx, id);
    if (row === undefined) return "unknown";
    const columns = plainColumns(row, edit);
    if (columns === "awake") return "awake";
    const newcomers = await newcomersOf(trx, row, request);
    if (typeof newcomers === "string") return newcomers;
    if (await isFullWith(trx, id, newcomers)) return "full";
    const joined = await addPeople(trx, id, { people: newcomers });
    const isAssigned = typeof edit.assigneeId === "number" || joined.some(isStaff);
    const isBotOn = isAssigned ? false : (edit.isBotOn ?? row.is_bot_on);
    if (isBotOn !== row.is_bot_on) columns.is_bot_on = isBotOn;
    return writeChange(trx, id, { columns, joined, tellsWebhook });
  });
}

/** What differs, without the bot. */
function plainColumns(row: ConversationRow, edit: ConversationEdit): Updateable<ConversationsTable> | "awake" {
  const status = edit.status ?? row.status;
  if (edit.snoozedUntil !== undefined && status !== "snoozed") return "awake";
  const snoozedUntil = status === "snoozed" ? (edit.snoozedUntil ?? row.snoozed_until) : null;
  const { title, assigneeId, priority, labels } = edit;
  return {
    ...(title !== undefined && title !== row.title ? { title } : {}),
    ...(status !== row.status ? { status } : {}),
    ...(snoozedUntil?.getTime() !== row.snoozed_until?.getTime() ? { snoozed_until: snoozedUntil } : {}),
    ...(assigneeId !== undefined && assigneeId !== row.assignee_id ? { assignee_id: assigneeId } : {}),
    ...(priority !== undefined && priority !== row.priority ? { priority } : {}),
    ...(labels !== undefined && JSON.stringify(labels) !== JSON.stringify(row.labels) ? { labels: [...labels] } : {}),
  };
}

async function newcomersOf(trx: Db, row: ConversationRow, request: ConversationEditRequest): Promise<Person[] | EditRefusal> {
  const { edit, botUserId } = request;
  if (typeof edit.assigneeId === "number" && edit.assigneeId !== row.assignee_id) {
    const [assignee] = await findActivePeople(trx, [edit.assigneeId]);
    return assignee !== undefined && isStaff(assignee) ? [assignee] : "not_staff";
  }
  if (edit.isBotOn !== true || row.is_bot_on || (await hasBot(trx, row.id))) return [];
  const bots = botUserId === undefined ? [] : await findActivePeople(trx, [botUserId]);
  return bots.length === 0 ? "no_bot" : bots;
}

async function hasBot(trx: Db, conversationId: number): Promise<boolean> {
  const bot = await trx
    .selectFrom("conversation_participants")
    .select("user_id")
    .where("conversation_id", "=", conversationId)
    .where("role", "=", "bot")
    .where("left_at", "is", null)
    .limit(1)
    .executeTakeFirst();
  return bot !== undefined;
}

export interface ParticipantChange {
  conversationId: number;
  userId: number;
  /** Record it for the webhook. */
  tellsWebhook: boolean;
}

export interface NewParticipant extends ParticipantChange {
  /** They have seen what was said so far: they come by themselves. */
  hasRead: boolean;
}

/** `unknown_user`: there is no such user, or a deactivated one. `full`: MAX_PARTICIPANTS are in it. */
export function addParticipant(db: Db, change: NewParticipant): Promise<ConversationChanged | "unknown" | "unknown_user" | "full"> {
  const { conversationId: id, userId, hasRead, tellsWebhook } = change;
  return db.transaction().execute(async (trx) => {
    const row = await lockConversation(trx, id);
    if (row === undefined) return "unknown";
    const people = await findActivePeople(trx, [userId]);
    if (people.length === 0) return "unknown_user";
    if (await isFullWith(trx, id, people)) return "full";
    const joined = await addPeople(trx, id, { people, reader: hasRead ? userId : undefined });
    return writeChange(trx, id, { columns: row.is_bot_on && joined.some(isStaff) ? { is_bot_on: false } : {}, joined, tellsWebhook });
  });
}

/** Who goes is no assignee any more; without a bot nothing of a bot is on. `unknown`: no such conversation, or they never were in it. */
export function removeParticipant(db: Db, change: ParticipantChange): Promise<ConversationChanged | "unknown"> {
  const { conversationId: id, userId, tellsWebhook } = change;
  return db.transaction().execute(async (trx) => {
    const row = await lockConversation(trx, id);
    const participant = await trx
      .selectFrom("conversation_participants as p")
      .innerJoin("users as u", "u.id", "p.user_id")
      .select(["p.left_at", "p.role", "u.username"])
      .where("p.conversation_id", "=", id)
      .where("p.user_id", "=", userId)
      .executeTakeFirst();
    if (row === undefined || participant === undefined) return "unknown";
    if (participant.left_at !== null) return unchanged(id);
    await trx
      .updateTable("conversation_participants")
      .set({ left_at: sql<Date>`now()` })
      .where("conversation_id", "=", id)
      .where("user_id", "=", userId)
      .execute();
    const columns = {
      ...(row.assignee_id === userId ? { assignee_id: null } : {}),
      ...(row.is_bot_on && !(await hasBot(trx, id)) ? { is_bot_on: false } : {}),
    };
    return writeChange(trx, id, { columns, left: [{ userId, username: participant.username, role: participant.role }], tellsWebhook });
  });
}
