/** What a ConversationsClient and its rooms tell their listeners. */
import type {
  ConversationEvent,
  ConversationLimits,
  ConversationMessage,
  ConversationSummary,
  ConversationWelcomeFrame,
  MemberInfo,
  PresenceState,
} from "@drawchat/protocol/conversations";
import type { ConnectionState } from "./chat-events.ts";
import type { OwnMessage } from "./outbox.ts";

export type ConversationUser = ConversationWelcomeFrame["user"];
/** A refusal that belongs to no own message. */
export interface Refusal {
  code: string;
  message: string;
  retryAfterMs: number | undefined;
}

export interface ConversationsEvents {
  state: ConnectionState;
  /** At each connect: who one is. What is beside the sequences (the list of conversations) is to be read anew. */
  user: ConversationUser;
  limits: ConversationLimits;
  /** A conversation of one's list is new or has changed. Absolute: of two, the higher `version` is the newer. */
  inbox: ConversationSummary;
  /** The id of a conversation that is not in one's list any more. */
  inboxRemoved: number;
  /** Changes of one's list may have been missed: it is to be read anew. */
  inboxStale: undefined;
  presence: { userId: number; state: PresenceState; lastSeenAt: string | null };
  refused: Refusal;
}

/**
 *   out ─join─▶ waiting ─its turn on the socket─▶ joining ─joined─▶ joined
 *                  ▲────socket lost, refused for now────┴──────────────┤
 *   out ◀─────────────────leave, removed, refused for good────────────┘
 */
export type RoomState =
  | { name: "waiting" }
  | { name: "joining" }
  /** Its latest events were told. */
  | { name: "joined" }
  /** `asked`: never joined, or left. `removed`: no participant any more. Else the code of the refusal. */
  | { name: "out"; reason: string };

export interface RoomEvents {
  state: RoomState;
  /** Forget the messages that were shown; those that follow are the latest. Comes with the first join too. */
  reset: undefined;
  message: ConversationMessage;
  edit: ConversationMessage;
  /** `message_id` is a tombstone from here on. */
  delete: { id: number; message_id: number };
  member: Extract<ConversationEvent, { type: "member" }>;
  /** Who is in the conversation, what they have read, whether they are there; all of it. */
  members: ReadonlyMap<number, MemberInfo>;
  isBotOn: boolean;
  /** The user ids of those who type now. */
  typing: ReadonlySet<number>;
  /** An own message was queued or its status changed. */
  own: OwnMessage;
  refused: Refusal;
}
