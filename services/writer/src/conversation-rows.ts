/** From events of conversations and their notes, and read marks, to rows of Postgres. */
import type {
  ConversationBatch,
  ConversationDeleteToStore,
  ConversationMessageToStore,
  EditToStore,
  ReadToStore,
} from "@drawchat/db/batch-rows";
import { type RoomName, roomKind, roomNumber } from "@drawchat/protocol/ids";
import type { LogEvent, LogRead } from "@drawchat/redis/log";
import { type Fields, fieldsOf, idOf, nullableTextOf, textOf } from "./event-fields.ts";

export class ConversationRows {
  readonly #messages: ConversationMessageToStore[] = [];
  readonly #edits: EditToStore[] = [];
  readonly #deletes: ConversationDeleteToStore[] = [];
  readonly #reads: ReadToStore[] = [];
  readonly #lastEventIds = new Map<RoomName, number>();

  /** Throws where the event cannot become a row; its place in the room counts all the same. */
  addEvent(origin: LogEvent): void {
    const { room, id, kind } = origin;
    this.#lastEventIds.set(room, Math.max(id, this.#lastEventIds.get(room) ?? 0));
    const fields = fieldsOf(JSON.parse(origin.body.toString("utf8")));
    const conversationId = roomNumber(room);
    if (kind === "m") this.#messages.push(readMessage(origin, fieldsOf(fields.message)));
    else if (kind === "e") this.#edits.push(readEdit(origin, fieldsOf(fields.message)));
    else if (kind === "d") this.#deletes.push({ origin, conversationId, messageId: idOf(fields, "message_id") });
    // Participants were committed before their event was accepted: it has no row of its own.
    else if (kind !== "u") throw new Error(`unknown kind of event: ${kind}`);
  }

  addRead({ id, room, userId, upto }: LogRead): void {
    const origin = { id, room, kind: "r", userId, clientId: "", body: Buffer.from(String(upto)) };
    this.#reads.push({ origin, conversationId: roomNumber(room), upto });
  }

  /** Everything added so far, messages sorted by id. */
  batch(): ConversationBatch {
    return {
      messages: this.#messages.sort((a, b) => a.origin.id - b.origin.id),
      edits: this.#edits,
      deletes: this.#deletes,
      reads: this.#reads,
      lastEventIds: this.#lastEventIds,
    };
  }
}

function readMessage(origin: LogEvent, message: Fields): ConversationMessageToStore {
  return {
    origin,
    conversationId: roomNumber(origin.room),
    isNote: roomKind(origin.room) === "notes",
    username: textOf(message, "username"),
    profilePic: nullableTextOf(message, "profile_pic"),
    role: textOf(message, "role"),
    message: textOf(message, "message"),
    attachment: readAttachment(message.attachment),
  };
}

function readAttachment(value: unknown): ConversationMessageToStore["attachment"] {
  if (value === null) return null;
  return { json: JSON.stringify(value), uploadId: textOf(fieldsOf(value), "upload_id") };
}

function readEdit(origin: LogEvent, message: Fields): EditToStore {
  return {
    origin,
    conversationId: roomNumber(origin.room),
    messageId: idOf(message, "id"),
    message: textOf(message, "message"),
  };
}
