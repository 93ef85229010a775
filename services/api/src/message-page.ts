/**
 * A page of a session's messages: the newest from the history in Redis, older ones from Postgres. What Redis no longer
 * holds was stored before it left, so reading Redis first and Postgres after it leaves no gap; merging by id leaves no
 * double.
 */
import type { Db } from "@drawchat/db/connect";
import { listDeletedIds, listMessages } from "@drawchat/db/messages";
import { type ChatMessage, DeleteEvent, EditEvent, NewMessageEvent } from "@drawchat/protocol/frames";
import { sessionRoom } from "@drawchat/protocol/ids";
import type { RedisClient } from "@drawchat/redis/connect";
import { type HistoryEvent, readHistoryPage, readLikes } from "@drawchat/redis/history-page";
import { Compile } from "typebox/compile";

const isNewMessage = Compile(NewMessageEvent);
const isEdit = Compile(EditEvent);
const isDelete = Compile(DeleteEvent);

/** A publication may hold many messages or one: the first look is small, the last reads all there is. */
const FIRST_LOOK_PUBLICATIONS = 16;

export interface PageRequest {
  sessionId: number;
  before: number | undefined;
  limit: number;
}

/** The newest rows of the session; `start` is the first id that history holds (absent: history is empty). */
export type ListStored = (start: number | undefined) => Promise<ChatMessage[]>;

interface Stores {
  redis: RedisClient;
  db: Db;
}

/** Oldest first. Rejects where Redis is away, or Postgres when it is needed. */
export async function readMessagePage(stores: Stores, request: PageRequest, listStored?: ListStored): Promise<ChatMessage[]> {
  const { redis, db } = stores;
  const { sessionId, before, limit } = request;
  const recent = await readRecent(redis, request);
  let page = recent.messages;
  // The newest page needs nothing of Postgres if history fills it: every deletion of it is behind it in history.
  if (before === undefined && page.size < limit) {
    const stored = (await listStored?.(recent.start)) ?? (await listMessages(db, request));
    page = new Map([...stored.map((message) => [message.id, message] as const), ...page]);
    for (const id of recent.withdrawn) page.delete(id);
  }
  if (before !== undefined) {
    const stored = await listMessages(db, request);
    const deleted = await listDeletedIds(db, [...page.keys()]);
    page = new Map([...page, ...stored.map((message) => [message.id, message] as const)]);
    for (const id of [...deleted, ...recent.withdrawn]) page.delete(id);
  }
  const newest = [...page.values()].sort((a, b) => a.id - b.id).slice(-limit);
  const likes = await readLikes(
    redis,
    sessionRoom(sessionId),
    newest.map((message) => `${message.id}` as const),
  );
  return newest.map((message) => ({ ...message, likes: likes.get(`${message.id}`) ?? message.likes }));
}

interface Recent {
  messages: Map<number, ChatMessage>;
  withdrawn: ReadonlySet<number>;
  /** Of the first event looked at. */
  start: number | undefined;
}

async function readRecent(redis: RedisClient, { sessionId, before, limit }: PageRequest): Promise<Recent> {
  for (const mostPublications of [FIRST_LOOK_PUBLICATIONS, limit, undefined]) {
    const { events, reachesStart } = await readHistoryPage(redis, sessionRoom(sessionId), { before, mostPublications });
    const recent = applyEvents(events);
    if (recent.messages.size >= limit || reachesStart) return recent;
  }
  throw new Error("reading all of a history did not reach its start");
}

/** What a reader sees after these events, in order. */
function applyEvents(events: readonly HistoryEvent[]): Recent {
  const messages = new Map<number, ChatMessage>();
  const withdrawn = new Set<number>();
  for (const { kind, body } of events) {
    if (kind !== "m" && kind !== "e" && kind !== "d") continue;
    const event: unknown = JSON.parse(body);
    if (isNewMessage.Check(event)) messages.set(event.message.id, event.message);
    else if (isEdit.Check(event) && messages.has(event.message.id)) messages.set(event.message.id, event.message);
    else if (isDelete.Check(event)) {
      messages.delete(event.message_id);
      withdrawn.add(event.message_id);
    }
  }
  return { messages, withdrawn, start: events[0]?.id };
}
