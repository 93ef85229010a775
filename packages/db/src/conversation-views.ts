/** Conversations as lists show them: with their last message, what is unread and who is in them, in two queries for all. */
import type { ConversationSummary, UserRole } from "@drawchat/protocol/conversations";
import type { Conversation, ConversationStatus, Participant } from "@drawchat/protocol/conversations-rest";
import { sql } from "kysely";
import type { Db } from "./connect.ts";

/** Lists show so many characters of a text. */
const LAST_MESSAGE_CHARS = 200;

/** Conversations with their last message, and what is the viewer's own in them; the viewer need not be a participant. */
function viewedBy(db: Db, viewerId: number) {
  return db
    .selectFrom("conversations as c")
    .leftJoin("conversation_participants as mine", (join) =>
      join.onRef("mine.conversation_id", "=", "c.id").on("mine.user_id", "=", viewerId).on("mine.left_at", "is", null),
    )
    .leftJoin("conversation_messages as m", "m.id", "c.last_message_id")
    .select([
      "c.id",
      "c.version",
      "c.title",
      "c.status",
      "c.snoozed_until",
      "c.priority",
      "c.labels",
      "c.assignee_id",
      "c.is_bot_on",
      "c.created_by",
      "c.created_at",
      "c.last_activity_at",
      "mine.user_id as my_id",
      "mine.unread_count",
      "m.id as message_id",
      "m.user_id as message_user_id",
      "m.username as message_username",
      "m.role as message_role",
      "m.created_at as message_created_at",
    ])
    .select([
      sql<string | null>`left(m.message, ${sql.lit(LAST_MESSAGE_CHARS)})`.as("message_text"),
      sql<boolean>`m.attachment IS NOT NULL`.as("message_has_attachment"),
      sql<boolean>`m.deleted_at IS NOT NULL`.as("message_is_deleted"),
    ]);
}

type ViewRow = Awaited<ReturnType<ReturnType<typeof viewedBy>["execute"]>>[number];

function toSummary(row: ViewRow): ConversationSummary {
  return {
    id: row.id,
    version: row.version,
    title: row.title,
    status: row.status,
    snoozed_until: row.snoozed_until?.toISOString() ?? null,
    priority: row.priority,
    labels: row.labels,
    assignee_id: row.assignee_id,
    is_bot_on: row.is_bot_on,
    created_by: row.created_by,
    created_at: row.created_at.toISOString(),
    last_activity_at: row.last_activity_at.toISOString(),
    last_message: toLastMessage(row),
    unread_count: row.unread_count ?? 0,
    is_participant: row.my_id !== null,
  };
}

function toLastMessage(row: ViewRow): ConversationSummary["last_message"] {
  const { message_id: id, message_user_id: user_id, message_username: username, message_role: role, message_created_at: at } = row;
  if (id === null || user_id === null || username === null || role === null || at === null) return null;
  return {
    id,
    user_id,
    username,
    role,
    message: row.message_text ?? "",
    has_attachment: row.message_has_attachment,
    is_deleted: row.message_is_deleted,
    created_at: at.toISOString(),
  };
}

/** A place in a list: of the last conversation of a page. */
export interface ActivityCursor {
  /** RFC 3339 to the microsecond. */
  readonly activity: string;
  readonly id: number;
}

export interface ConversationListRequest {
  viewerId: number;
  /** Only those in which the viewer is a participant; else all there are. */
  isMine: boolean;
  /** Only those with something unread by the viewer, which makes them the viewer's own. */
  isUnread?: boolean;
  status?: ConversationStatus | undefined;
  /** `none`: nobody's. */
  assignee?: number | "none" | undefined;
  before?: ActivityCursor | undefined;
  limit: number;
}

/** A Date does not hold it, and a cursor must be exact. */
const TO_THE_MICROSECOND = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"';

/** Newest activity first. One's own list walks along the index of one's participations, the list of all along those of conversations. */
export function conversationsQuery(db: Db, request: ConversationListRequest) {
  const { viewerId, isUnread = false, status, assignee, before, limit } = request;
  const isMine = request.isMine || isUnread;
  const activity = sql.ref(isMine ? "mine.last_activity_at" : "c.last_activity_at");
  const id = sql.ref(isMine ? "mine.conversation_id" : "c.id");
  return viewedBy(db, viewerId)
    .select(sql<string>`to_char(${activity} AT TIME ZONE 'UTC', ${sql.lit(TO_THE_MICROSECOND)})`.as("activity"))
    .$if(isMine, (query) => query.where("mine.user_id", "is not", null))
    .$if(isUnread, (query) => query.where("mine.unread_count", ">", 0))
    .$if(status !== undefined, (query) => query.where("c.status", "=", status ?? "open"))
    .$if(assignee === "none", (query) => query.where("c.assignee_id", "is", null))
    .$if(typeof assignee === "number", (query) => query.where("c.assignee_id", "=", Number(assignee)))
    .$if(before !== undefined, (query) =>
      query.where(sql<boolean>`(${activity}, ${id}) < (${before?.activity ?? ""}::timestamptz, ${before?.id ?? 0}::bigint)`),
    )
    .orderBy(activity, "desc")
    .orderBy(id, "desc")
    .limit(limit);
}

export interface ConversationList {
  conversations: Conversation[];
  /** Where the next page begins; undefined: this is the last. */
  next: ActivityCursor | undefined;
}

export async function listConversations(db: Db, request: ConversationListRequest): Promise<ConversationList> {
  const rows = await conversationsQuery(db, { ...request, limit: request.limit + 1 }).execute();
  const page = rows.slice(0, request.limit);
  const last = rows.length > page.length ? page.at(-1) : undefined;
  return { conversations: await withParticipants(db, page), next: last && { activity: last.activity, id: last.id } };
}

/** Undefined: unknown. */
export async function findConversation(db: Db, id: number, viewerId: number): Promise<Conversation | undefined> {
  const rows = await viewedBy(db, viewerId).where("c.id", "=", id).execute();
  return (await withParticipants(db, rows))[0];
}

async function withParticipants(db: Db, rows: readonly ViewRow[]): Promise<Conversation[]> {
  const participants = await listParticipants(
    db,
    rows.map((row) => row.id),
  );
  return rows.map((row) => ({ ...toSummary(row), participants: participants.get(row.id) ?? [] }));
}

/** Of each conversation that has some, in the order in which they came. */
export async function listParticipants(db: Db, conversationIds: readonly number[]): Promise<Map<number, Participant[]>> {
  const rows = await participantsQuery(db, conversationIds).execute();
  const participants = new Map<number, Participant[]>();
  for (const { conversation_id, joined_at, ...row } of rows) {
    const participant = { ...row, joined_at: joined_at.toISOString() };
    const others = participants.get(conversation_id);
    if (others === undefined) participants.set(conversation_id, [participant]);
    else others.push(participant);
  }
  return participants;
}

export function participantsQuery(db: Db, conversationIds: readonly number[]) {
  return db
    .selectFrom("conversation_participants as p")
    .innerJoin("users as u", "u.id", "p.user_id")
    .select(["p.conversation_id", "p.user_id", "u.username", "u.profile_pic", "u.role", "p.joined_at", "p.read_upto"])
    .where(sql<boolean>`p.conversation_id = ANY(${conversationIds}::bigint[])`)
    .where("p.left_at", "is", null)
    .orderBy("p.joined_at")
    .orderBy("p.user_id");
}

/**
 * As somebody of that role sees it: labels, priority and how long it is put aside are the staff's own business, and whoever
 * is labelled "difficult" need not read it.
 */
export function shownTo<Shown extends ConversationSummary>(role: UserRole, conversation: Shown): Shown {
  if (role === "agent" || role === "admin") return conversation;
  return { ...conversation, labels: [], priority: "normal", snoozed_until: null };
}

interface InboxParticipant {
  readonly user_id: number;
  readonly role: UserRole;
  readonly unread_count: number;
}

/** A conversation as the lists of its participants show it, and as those of all other agents do. */
export interface InboxView {
  /** As one of the staff sees it who is no participant. */
  readonly summary: ConversationSummary;
  readonly participants: readonly InboxParticipant[];
}

/** What inboxes are told after a change, of the conversations that there are. */
export async function listInboxViews(db: Db, conversationIds: readonly number[]): Promise<InboxView[]> {
  const isOneOf = (column: "c.id" | "conversation_id") => sql<boolean>`${sql.ref(column)} = ANY(${conversationIds}::bigint[])`;
  const rows = await viewedBy(db, NOBODY).where(isOneOf("c.id")).execute();
  const people = await db
    .selectFrom("conversation_participants")
    .select(["conversation_id", "user_id", "role", "unread_count"])
    .where(isOneOf("conversation_id"))
    .where("left_at", "is", null)
    .execute();
  const byConversation = Map.groupBy(people, (one) => one.conversation_id);
  return rows.map((row) => ({ summary: toSummary(row), participants: byConversation.get(row.id) ?? [] }));
}

const NOBODY = 0;

/** The frames of an inbox: one's own for each participant, one that all other agents share. */
export function inboxNotices({ summary, participants }: InboxView) {
  const frameOf = (conversation: ConversationSummary) => ({ type: "inbox" as const, conversation });
  const own = participants.map(({ user_id: to, role, unread_count }) => ({
    to,
    frame: frameOf(shownTo(role, { ...summary, unread_count, is_participant: true })),
  }));
  return [...own, { to: "agents" as const, except: participants.map((one) => one.user_id), frame: frameOf(summary) }];
}
