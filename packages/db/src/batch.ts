/**
 * One batch of a partition's log in one transaction. Every write is idempotent by its key, so a crash, a replay or
 * a second writer changes nothing.
 *
 * Order inside: the partition's lock; session rows; messages; the messages that deletes and likes point at, locked
 * in id order; deletes; likes; columns by the rows really inserted; conversations in the same order
 * (batch-conversations.ts); dead letters; likes and positions of the sessions.
 */
import type pg from "pg";
import { storeConversations } from "./batch-conversations.ts";
import { type FollowUps, NO_FOLLOW_UPS } from "./batch-follow-ups.ts";
import { addMessageLikes, insertLikes, likesPerMessage, likesPerSession } from "./batch-likes.ts";
import { applyDeletes, classifyConflicts, insertMessages, lockMessages, type NotInserted } from "./batch-messages.ts";
import type { Batch, DeadLetter, LikeToStore, MessageToStore, Origin, StoredBatch } from "./batch-rows.ts";
import { beginWithSessions, commitWithSessions } from "./batch-sessions.ts";
import { insertDeadLetters, refusedByPostgres } from "./dead-letters.ts";
import { bisect, onConnection } from "./transaction.ts";

/**
 * Stores a batch and commits. `undefined`: another writer holds the partition; nothing was done. Rows that are at
 * fault themselves become dead letters; any other error means that nothing is known: read the log again.
 */
export function storeBatch(pool: pg.Pool, batch: Batch, followUps: FollowUps = NO_FOLLOW_UPS): Promise<StoredBatch | undefined> {
  return onConnection(pool, async (client) => {
    const sessions = await beginWithSessions(client, batch.partition, sessionIdsOf(batch));
    if (sessions === undefined) {
      await client.query("ROLLBACK");
      return undefined;
    }
    const deadLetters: DeadLetter[] = [...batch.unreadable];
    const onCulprit = ({ origin }: { origin: Origin }, error: unknown) => deadLetters.push(refusedByPostgres(origin, error));
    const written = new Set<number>();

    const inserted = await insertMessages(client, batch.messages, onCulprit);
    for (const id of inserted) written.add(id);
    const conflicts = await classifyConflicts(client, leftOver(batch.messages, written, deadLetters));

    const sessionOfMessage = await lockMessages(client, pointedAt(batch));
    const deleted = await bisect(client, { rows: batch.deletes, statement: (rows) => applyDeletes(client, rows), onCulprit });
    for (const id of deleted) written.add(id);

    const wanted = batch.likes.filter((like) => isThere(like, sessions, sessionOfMessage));
    const likes = await bisect(client, { rows: wanted, statement: (rows) => insertLikes(client, rows), onCulprit });
    for (const like of likes) written.add(like.origin.id);
    const touched = [...likesPerMessage(wanted).keys()];
    const messageLikes = await addMessageLikes(client, likesPerMessage(likes), touched);

    const conversations = await storeConversations(client, batch.conversations, { followUps, onCulprit });
    for (const id of conversations.written) written.add(id);

    for (const id of await insertDeadLetters(client, deadLetters)) written.add(id);

    const added = likesPerSession(likes);
    const changes = [...sessions.keys()].map((id) => ({
      id,
      likesAdded: added.get(id) ?? 0,
      lastEventId: batch.lastEventIds.get(id) ?? 0,
    }));
    await commitWithSessions(client, changes);
    const sessionLikes = new Map([...likesPerSession(wanted).keys()].map((id) => [id, (sessions.get(id) ?? 0) + (added.get(id) ?? 0)]));
    return {
      written,
      messagesInserted: inserted.length + conversations.messagesInserted,
      likesInserted: likes.length,
      repeats: conflicts.repeats.length + conversations.repeats.length,
      ghosts: [...conflicts.ghosts, ...conversations.ghosts],
      collisions: [...conflicts.collisions, ...conversations.collisions],
      deadLetters,
      droppedLikes: batch.likes.length - wanted.length,
      sessionLikes,
      messageLikes,
      conversationIds: conversations.shown,
    };
  });
}

function sessionIdsOf({ messages, deletes, likes, lastEventIds }: Batch): number[] {
  const ids = new Set(lastEventIds.keys());
  for (const { sessionId } of [...messages, ...deletes, ...likes]) ids.add(sessionId);
  return [...ids];
}

function leftOver(messages: readonly MessageToStore[], written: ReadonlySet<number>, dead: readonly DeadLetter[]): NotInserted[] {
  const deadIds = new Set(dead.map(({ origin }) => origin.id));
  return messages
    .filter(({ origin }) => !written.has(origin.id) && !deadIds.has(origin.id))
    .map(({ origin, sessionId }) => ({ origin, scopeId: sessionId }));
}

function pointedAt({ deletes, likes }: Batch): number[] {
  const ids = new Set(deletes.map((one) => one.messageId));
  for (const { messageId } of likes) if (messageId !== null) ids.add(messageId);
  return [...ids];
}

function isThere(
  { sessionId, messageId }: LikeToStore,
  sessions: ReadonlyMap<number, number>,
  sessionOfMessage: ReadonlyMap<number, number>,
) {
  return messageId === null ? sessions.has(sessionId) : sessionOfMessage.get(messageId) === sessionId;
}
