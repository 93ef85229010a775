/** From entries of the log to rows of Postgres. What cannot be one becomes a dead letter and stops nothing. */
import type { Batch, DeadLetter, DeleteToStore, LikeToStore, MessageToStore, Origin } from "@drawchat/db/batch-rows";
import { type RoomName, roomKind, roomNumber } from "@drawchat/protocol/ids";
import type { LogEntry, LogEvent, LogLike } from "@drawchat/redis/log";
import { ConversationRows } from "./conversation-rows.ts";
import { fieldsOf, flagOf, idOf, textOf } from "./event-fields.ts";

export function toBatch(partition: number, entries: readonly LogEntry[]): Batch {
  const messages: MessageToStore[] = [];
  const deletes: DeleteToStore[] = [];
  const likes: LikeToStore[] = [];
  const unreadable: DeadLetter[] = [];
  const lastEventIds = new Map<number, number>();
  const conversations = new ConversationRows();
  for (const entry of entries) {
    unreadable.push(...unreadableOf(entry));
    for (const read of entry.reads) conversations.addRead(read);
    for (const event of entry.events) {
      try {
        if (roomKind(event.room) !== "session") {
          conversations.addEvent(event);
          continue;
        }
        const sessionId = sessionIdOf(event.room);
        lastEventIds.set(sessionId, Math.max(event.id, lastEventIds.get(sessionId) ?? 0));
        if (event.kind === "m") messages.push(readMessage(event, sessionId));
        else if (event.kind === "d") deletes.push(readDelete(event, sessionId));
        else throw new Error(`unknown kind of event: ${event.kind}`);
      } catch (error) {
        unreadable.push(undecodable(event, error));
      }
    }
    for (const like of entry.likes) {
      try {
        likes.push(readLike(like));
      } catch (error) {
        unreadable.push(undecodable(originOfLike(like), error));
      }
    }
  }
  messages.sort((a, b) => a.origin.id - b.origin.id);
  return { partition, messages, deletes, likes, conversations: conversations.batch(), unreadable, lastEventIds };
}

/** Bytes of an entry that could not be read at all: one dead letter an entry, under the entry's id. */
function unreadableOf({ firstId, unreadable }: LogEntry): DeadLetter[] {
  if (unreadable.length === 0) return [];
  const body = Buffer.concat(unreadable.map(({ bytes }) => bytes));
  const origin: Origin = { id: firstId, room: "", kind: "?", userId: 0, clientId: "", body };
  return [{ origin, code: "decode", error: unreadable.map(({ error }) => error).join("; ") }];
}

function undecodable(origin: Origin, error: unknown): DeadLetter {
  // A JSON error quotes the text, which is in the body and nowhere else.
  const reason = error instanceof SyntaxError || !(error instanceof Error) ? "the body is not JSON" : error.message;
  return { origin, code: "decode", error: reason };
}

function sessionIdOf(room: RoomName): number {
  if (roomKind(room) !== "session") throw new Error("only sessions have likes");
  return roomNumber(room);
}

function readMessage(origin: LogEvent, sessionId: number): MessageToStore {
  const message = fieldsOf(fieldsOf(JSON.parse(origin.body.toString("utf8"))).message);
  return {
    origin,
    sessionId,
    username: textOf(message, "username"),
    profilePic: message.profile_pic === null ? null : textOf(message, "profile_pic"),
    message: textOf(message, "message"),
    messageType: textOf(message, "message_type"),
    isWinner: flagOf(message, "is_winner"),
    isHost: flagOf(message, "is_host"),
  };
}

function readDelete(origin: LogEvent, sessionId: number): DeleteToStore {
  return { origin, sessionId, messageId: idOf(fieldsOf(JSON.parse(origin.body.toString("utf8"))), "message_id") };
}

function readLike(like: LogLike): LikeToStore {
  return {
    origin: originOfLike(like),
    sessionId: sessionIdOf(like.room),
    messageId: like.target === "s" ? null : Number(like.target),
  };
}

function originOfLike({ id, room, userId, target }: LogLike): Origin {
  return { id, room, kind: "l", userId, clientId: "", body: Buffer.from(target) };
}
