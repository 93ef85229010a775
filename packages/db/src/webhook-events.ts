/**
 * What the webhook is to be told, recorded in the transaction of the change itself. Rows of a conversation are told in
 * the order of their ids, which is the order of their commits: whoever records holds the lock of the conversation's row.
 * A row has a key that the same event always has, so to record again is harmless.
 */
import { roomKind, roomNumber } from "@drawchat/protocol/ids";
import { CompiledQuery } from "kysely";
import type pg from "pg";
import type { Origin } from "./batch-rows.ts";
import type { Db } from "./connect.ts";
import { addJob, addJobs, type NewJob } from "./job-queue.ts";

export type ConversationEventType = "conversation.created" | "conversation.updated" | "participant.joined" | "participant.left";
type MessageEventType = "message.created" | "message.edited" | "message.deleted";

/** Of kinds of events in the log. Read marks are nobody's business but the participants'. */
const MESSAGE_EVENT_TYPES = new Map<string, MessageEventType>([
  ["m", "message.created"],
  ["e", "message.edited"],
  ["d", "message.deleted"],
]);

const TIME = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

// As the rows are in this transaction. `version` and `policy_version` rise with every change: they make the keys.
const RECORD_CONVERSATIONS = `
  INSERT INTO webhook_events (conversation_id, event_key, type, payload)
  SELECT c.id, $2::text || ' ' || c.id || ' ' || c.version, $2, jsonb_build_object('conversation', jsonb_build_object(
    'id', c.id, 'version', c.version, 'title', c.title, 'status', c.status, 'snoozed_until', ${TIME("c.snoozed_until")},
    'priority', c.priority, 'labels', c.labels, 'assignee_id', c.assignee_id, 'is_bot_on', c.is_bot_on,
    'created_by', c.created_by, 'created_at', ${TIME("c.created_at")}, 'last_activity_at', ${TIME("c.last_activity_at")},
    'participants', (
      SELECT coalesce(jsonb_agg(jsonb_build_object('user_id', p.user_id, 'username', u.username, 'role', p.role) ORDER BY p.user_id), '[]')
      FROM conversation_participants p JOIN users u ON u.id = p.user_id
      WHERE p.conversation_id = c.id AND p.left_at IS NULL)))
  FROM conversations c WHERE c.id = ANY($1::bigint[]) ORDER BY c.id
  ON CONFLICT (event_key) DO NOTHING`;

const RECORD_PARTICIPANT = `
  INSERT INTO webhook_events (conversation_id, event_key, type, payload)
  SELECT c.id, $2::text || ' ' || c.id || ' ' || p.user_id || ' ' || c.policy_version, $2, jsonb_build_object(
    'user_id', p.user_id, 'username', u.username, 'role', p.role)
  FROM conversations c
  JOIN conversation_participants p ON p.conversation_id = c.id
  JOIN users u ON u.id = p.user_id
  WHERE c.id = $1 AND p.user_id = $3
  ON CONFLICT (event_key) DO NOTHING`;

const RECORD_MESSAGES = `
  INSERT INTO webhook_events (conversation_id, event_key, type, payload)
  SELECT conversation_id, event_key, type, payload::jsonb
  FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY
    AS event (conversation_id, event_key, type, payload, place)
  ORDER BY place
  ON CONFLICT (event_key) DO NOTHING`;

/** `userId`: the participant who came or went. */
export type ConversationChangeEvent =
  | { type: "conversation.created" | "conversation.updated"; conversationId: number }
  | { type: "participant.joined" | "participant.left"; conversationId: number; userId: number };

/**
 * Records that a conversation was made or changed (title, status, assignee, priority, labels, bot), or that somebody came
 * or went, and adds the job that tells it. Call it after the rows were written and in their transaction, which must have
 * raised `version` (participants: `policy_version`) and thereby locked the conversation's row.
 */
export async function recordConversationEvent(trx: Db, event: ConversationChangeEvent): Promise<void> {
  const { type, conversationId } = event;
  const isAboutSomebody = "userId" in event;
  await trx.executeQuery(
    isAboutSomebody
      ? CompiledQuery.raw(RECORD_PARTICIPANT, [conversationId, type, event.userId])
      : CompiledQuery.raw(RECORD_CONVERSATIONS, [[conversationId], type]),
  );
  await addJob(trx, deliveryJob(conversationId));
}

/** The same for conversations that a writer's batch opened again. */
export async function recordReopened(client: pg.PoolClient, conversationIds: readonly number[]): Promise<void> {
  if (conversationIds.length === 0) return;
  await client.query(RECORD_CONVERSATIONS, [conversationIds, "conversation.updated"]);
  await addJobs(client, inOrder(conversationIds).map(deliveryJob));
}

/** Whoever adds jobs under the same keys meets the others in the same order: nobody waits in a circle. */
function inOrder(conversationIds: readonly number[]): number[] {
  return [...new Set(conversationIds)].sort((a, b) => a - b);
}

/**
 * Records messages, edits and deletes of conversations, in the order of their ids; notes are private and left out. For a
 * writer's batch, which holds the locks of their conversations. `written`: the events that changed a row.
 */
export async function recordMessageEvents(client: pg.PoolClient, written: readonly Origin[]): Promise<void> {
  const events = written.flatMap(toMessageEvent).sort((a, b) => a.id - b.id);
  if (events.length === 0) return;
  await client.query(RECORD_MESSAGES, [
    events.map((event) => event.conversationId),
    events.map((event) => `${event.type} ${event.id}`),
    events.map((event) => event.type),
    events.map((event) => event.payload),
  ]);
  await addJobs(client, inOrder(events.map((event) => event.conversationId)).map(deliveryJob));
}

/** It tells whatever is to be told of the conversation by the time it runs. */
export function deliveryJob(conversationId: number): NewJob<"deliver_webhooks"> {
  return { name: "deliver_webhooks", payload: { conversation_id: conversationId }, key: `deliver_webhooks:${conversationId}` };
}

interface MessageEvent {
  id: number;
  conversationId: number;
  type: MessageEventType;
  payload: string;
}

function toMessageEvent({ id, room, kind, body }: Origin): MessageEvent[] {
  const type = MESSAGE_EVENT_TYPES.get(kind);
  if (type === undefined || room === "" || roomKind(room) !== "conversation") return [];
  const event: unknown = JSON.parse(body.toString("utf8"));
  const { message, message_id }: { message?: unknown; message_id?: unknown } = Object(event);
  return [{ id, conversationId: roomNumber(room), type, payload: toJson(kind === "d" ? { message_id } : { message }) }];
}

/** A token's claims may hold halves of surrogate pairs: as JSON escapes Postgres would refuse them, and the batch with them. */
function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => (typeof part === "string" ? part.toWellFormed() : part));
}
