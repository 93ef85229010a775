/** What a batch of the log means for the tables: rows to write, and what became of them. */
import type { RoomName } from "@drawchat/protocol/ids";

/** The accepted event that a row comes from, as it stands in the log: what a dead letter keeps. */
export interface Origin {
  readonly id: number;
  readonly room: RoomName | "";
  readonly kind: string;
  readonly userId: number;
  readonly clientId: string;
  readonly body: Buffer;
}

export interface MessageToStore {
  readonly origin: Origin;
  readonly sessionId: number;
  readonly username: string;
  readonly profilePic: string | null;
  readonly message: string;
  readonly messageType: string;
  readonly isWinner: boolean;
  readonly isHost: boolean;
}

export interface DeleteToStore {
  readonly origin: Origin;
  readonly sessionId: number;
  readonly messageId: number;
}

export interface LikeToStore {
  readonly origin: Origin;
  readonly sessionId: number;
  /** null: the session itself. */
  readonly messageId: number | null;
}

/** A message of a conversation, or a note. */
export interface ConversationMessageToStore {
  readonly origin: Origin;
  readonly conversationId: number;
  readonly isNote: boolean;
  readonly username: string;
  readonly profilePic: string | null;
  readonly role: string;
  readonly message: string;
  /** As JSON, with the upload's id beside it; null: none. */
  readonly attachment: { readonly json: string; readonly uploadId: string } | null;
}

export interface EditToStore {
  readonly origin: Origin;
  readonly conversationId: number;
  readonly messageId: number;
  readonly message: string;
}

export interface ConversationDeleteToStore {
  readonly origin: Origin;
  readonly conversationId: number;
  readonly messageId: number;
}

export interface ReadToStore {
  readonly origin: Origin;
  readonly conversationId: number;
  readonly upto: number;
}

/** What a batch holds of conversations and their notes. */
export interface ConversationBatch {
  readonly messages: readonly ConversationMessageToStore[];
  readonly edits: readonly EditToStore[];
  readonly deletes: readonly ConversationDeleteToStore[];
  readonly reads: readonly ReadToStore[];
  /** Highest sequenced event of each room in the batch. */
  readonly lastEventIds: ReadonlyMap<RoomName, number>;
}

/** An event that Postgres (or its reader) will not take. `code` is the SQLSTATE, or `decode`. */
export interface DeadLetter {
  readonly origin: Origin;
  readonly code: string;
  readonly error: string;
}

export interface Batch {
  readonly partition: number;
  readonly messages: readonly MessageToStore[];
  readonly deletes: readonly DeleteToStore[];
  readonly likes: readonly LikeToStore[];
  readonly conversations: ConversationBatch;
  /** Events that could not even be read. */
  readonly unreadable: readonly DeadLetter[];
  /** Highest sequenced event of each session in the batch. */
  readonly lastEventIds: ReadonlyMap<number, number>;
}

export interface StoredBatch {
  /** Ids of the events (likes too) whose rows this transaction wrote: none of them had been stored before. */
  readonly written: ReadonlySet<number>;
  readonly messagesInserted: number;
  readonly likesInserted: number;
  /** Already stored, by an earlier run of this batch or by another writer. */
  readonly repeats: number;
  /** Stored under another id already: what is shown under this one is to be withdrawn. */
  readonly ghosts: readonly Origin[];
  /** Their id belongs to another message: to be accepted again under a new one. */
  readonly collisions: readonly Origin[];
  readonly deadLetters: readonly DeadLetter[];
  /** Likes of something that is not in the tables. */
  readonly droppedLikes: number;
  /** The likes columns of everything liked in the batch, as committed. */
  readonly sessionLikes: ReadonlyMap<number, number>;
  readonly messageLikes: ReadonlyMap<number, number>;
  /** Conversations of which the batch holds anything but notes: their lists are to be told. */
  readonly conversationIds: readonly number[];
}
