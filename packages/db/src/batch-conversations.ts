/**
 * Conversations of a batch, inside its transaction. Their rows are locked first, in id order: whoever changes anything of
 * a conversation (here or in conversation-changes.ts) holds that lock, so everything below it is in step. Then messages,
 * edits, deletes, read marks, the columns that lists live on, moved by the rows that really changed, and what these set off.
 */
import type pg from "pg";
import { applyReads, changeConversations, lowerUnread, raiseUnread } from "./batch-conversation-counts.ts";
import { applyConversationDeletes, applyEdits, attachUploads, insertConversationMessages } from "./batch-conversation-messages.ts";
import { addFollowUps, type FollowUps } from "./batch-follow-ups.ts";
import { type Conflicts, classifyConflicts } from "./batch-messages.ts";
import type { ConversationBatch, Origin } from "./batch-rows.ts";
import { bisect } from "./transaction.ts";

const TABLE = { name: "conversation_messages", scope: "conversation_id" } as const;

export interface StoredConversations extends Conflicts {
  /** Ids of the events whose rows this transaction wrote. */
  readonly written: readonly number[];
  readonly messagesInserted: number;
  /** Those of which the batch holds anything but notes, and that exist: lists show it. */
  readonly shown: readonly number[];
}

export interface StoreConversationsOptions {
  followUps: FollowUps;
  /** Told of the rows that Postgres refuses for their data. */
  onCulprit: (row: { origin: Origin }, error: unknown) => void;
}

export async function storeConversations(
  client: pg.PoolClient,
  batch: ConversationBatch,
  { followUps, onCulprit }: StoreConversationsOptions,
): Promise<StoredConversations> {
  const ids = await lockConversations(client, batch);
  const shown = ids.filter((id) => isShown(batch, id));
  const dead = new Set<number>();
  const bury = (row: { origin: Origin }, error: unknown) => {
    dead.add(row.origin.id);
    onCulprit(row, error);
  };
  const { messages, edits, deletes, reads } = batch;
  const insertedIds = new Set(
    await bisect(client, { rows: messages, statement: (rows) => insertConversationMessages(client, rows), onCulprit: bury }),
  );
  const inserted = messages.filter(({ origin }) => insertedIds.has(origin.id));
  const left = messages.filter(({ origin }) => !insertedIds.has(origin.id) && !dead.has(origin.id));
  const conflicts = await classifyConflicts(
    client,
    left.map(({ origin, conversationId }) => ({ origin, scopeId: conversationId })),
    TABLE,
  );
  await attachUploads(client, inserted);

  const edited = await bisect(client, { rows: edits, statement: (rows) => applyEdits(client, rows), onCulprit: bury });
  const deleted = await bisect(client, { rows: deletes, statement: (rows) => applyConversationDeletes(client, rows), onCulprit: bury });

  // The counts: what came, what went, and last the marks, which count anew what is above them.
  const reopened = await changeConversations(client, { ids, shown, batch, inserted });
  await raiseUnread(client, inserted);
  await lowerUnread(client, deleted);
  const read = await bisect(client, { rows: reads, statement: (rows) => applyReads(client, rows), onCulprit: bury });

  const changes = new Set([...insertedIds, ...edited, ...deleted.map(({ eventId }) => eventId)]);
  const gone = new Set(deleted.map(({ messageId }) => messageId)); // how they were edited before is nobody's business any more
  const lasting = edits.filter(({ messageId }) => !gone.has(messageId));
  const events = [...messages, ...lasting, ...deletes].flatMap(({ origin }) => (changes.has(origin.id) ? [origin] : []));
  await addFollowUps(client, { inserted, events, reopened }, followUps);
  const written = [...changes, ...read];
  return { ...conflicts, written, messagesInserted: inserted.length, shown };
}

function isShown({ reads, lastEventIds }: ConversationBatch, id: number): boolean {
  return lastEventIds.has(`c${id}`) || reads.some(({ conversationId }) => conversationId === id);
}

/** Resolves with those that exist. */
async function lockConversations(
  client: pg.PoolClient,
  { messages, edits, deletes, reads, lastEventIds }: ConversationBatch,
): Promise<number[]> {
  const ids = new Set([...lastEventIds.keys()].map((room) => Number(room.slice(1))));
  for (const { conversationId } of [...messages, ...edits, ...deletes, ...reads]) ids.add(conversationId);
  if (ids.size === 0) return [];
  const { rows } = await client.query<{ id: number }>(
    "SELECT id FROM conversations WHERE id = ANY($1::bigint[]) ORDER BY id FOR NO KEY UPDATE",
    [[...ids]],
  );
  return rows.map((row) => row.id);
}
