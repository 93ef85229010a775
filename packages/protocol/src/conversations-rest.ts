/** Bodies of the REST calls of conversations: the source of validation, static types and OpenAPI. */
import Type, { type Static } from "typebox";
import {
  Attachment,
  ConversationMessage,
  ConversationSummary,
  MAX_CONVERSATION_MESSAGE_CHARS,
  PresenceState,
  UserRole,
} from "./conversations.ts";
import { Uuid } from "./frames.ts";

const Id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
const Time = Type.String({ format: "date-time" });
const Nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const strict = { additionalProperties: false };

export const ConversationStatus = ConversationSummary.properties.status;
export type ConversationStatus = Static<typeof ConversationStatus>;
export const ConversationPriority = ConversationSummary.properties.priority;
export type ConversationPriority = Static<typeof ConversationPriority>;

const Title = Type.String({ minLength: 1, maxLength: 200 });
const Labels = Type.Array(Type.String({ minLength: 1, maxLength: 50 }), { maxItems: 20, uniqueItems: true });
const Text = Type.String({ maxLength: 4 * MAX_CONVERSATION_MESSAGE_CHARS });

// ---- users ---------------------------------------------------------------------------------------------------------

export const User = Type.Object({
  id: Id,
  username: Type.String(),
  profile_pic: Nullable(Type.String()),
  role: UserRole,
  is_active: Type.Boolean(),
  presence: PresenceState,
  last_seen_at: Nullable(Time),
  created_at: Time,
});
export type User = Static<typeof User>;
export const UserPage = Type.Object({ users: Type.Array(User), next_after: Nullable(Id) });
export type UserPage = Static<typeof UserPage>;

/** Only an admin changes `is_active`. `profile_pic: null` removes the picture. */
export const UserChange = Type.Object(
  {
    username: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    profile_pic: Type.Optional(Nullable(Type.String({ maxLength: 2048 }))),
    is_active: Type.Optional(Type.Boolean()),
  },
  { ...strict, minProperties: 1 },
);
export type UserChange = Static<typeof UserChange>;

// ---- conversations -------------------------------------------------------------------------------------------------

export const Participant = Type.Object({
  user_id: Id,
  username: Type.String(),
  profile_pic: Nullable(Type.String()),
  role: UserRole,
  joined_at: Time,
  /** Everything up to this message was read by them; 0: nothing. */
  read_upto: Type.Integer({ minimum: 0 }),
});
export type Participant = Static<typeof Participant>;

export const Conversation = Type.Object({ ...ConversationSummary.properties, participants: Type.Array(Participant) });
export type Conversation = Static<typeof Conversation>;

/** `next_before` is the cursor of the next page; null on the last. */
export const ConversationPage = Type.Object({ conversations: Type.Array(Conversation), next_before: Nullable(Type.String()) });
export type ConversationPage = Static<typeof ConversationPage>;

const FirstMessage = Type.Object({ client_id: Uuid, message: Text }, strict);

/**
 * The caller is a participant always. Customers may not name others. `client_id` makes a retry answer the same
 * conversation.
 */
export const NewConversation = Type.Object(
  {
    client_id: Uuid,
    title: Type.Optional(Title),
    participant_ids: Type.Optional(Type.Array(Id, { maxItems: 50, uniqueItems: true })),
    message: Type.Optional(FirstMessage),
    priority: Type.Optional(ConversationPriority),
    labels: Type.Optional(Labels),
  },
  strict,
);
export type NewConversation = Static<typeof NewConversation>;

/** `snoozed_until` goes with `status: snoozed`. An assignee becomes a participant, and the bot falls silent. */
export const ConversationChange = Type.Object(
  {
    title: Type.Optional(Nullable(Title)),
    status: Type.Optional(ConversationStatus),
    snoozed_until: Type.Optional(Time),
    assignee_id: Type.Optional(Nullable(Id)),
    priority: Type.Optional(ConversationPriority),
    labels: Type.Optional(Labels),
    is_bot_on: Type.Optional(Type.Boolean()),
  },
  { ...strict, minProperties: 1 },
);
export type ConversationChange = Static<typeof ConversationChange>;

export const NewParticipant = Type.Object({ user_id: Id }, strict);
export type NewParticipant = Static<typeof NewParticipant>;
export const ParticipantList = Type.Object({ participants: Type.Array(Participant) });
export type ParticipantList = Static<typeof ParticipantList>;

// ---- messages ------------------------------------------------------------------------------------------------------

/** As the `message` frame. `message` may be empty where there is an upload. */
export const NewConversationMessage = Type.Object(
  {
    client_id: Uuid,
    message: Text,
    upload_id: Type.Optional(Uuid),
    if_last_id: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
  },
  strict,
);
export type NewConversationMessage = Static<typeof NewConversationMessage>;

export const NewNote = Type.Object({ client_id: Uuid, message: Text }, strict);
export type NewNote = Static<typeof NewNote>;

/** `duplicate`: this client_id was there already; nothing new was said. */
export const SentMessage = Type.Object({ message: ConversationMessage, duplicate: Type.Boolean() });
export type SentMessage = Static<typeof SentMessage>;

export const MessageChange = Type.Object({ message: Text }, strict);
export type MessageChange = Static<typeof MessageChange>;

/** Oldest first. `next_before` and `next_after` continue in either direction; null where nothing is left there now. */
export const ConversationMessagePage = Type.Object({
  messages: Type.Array(ConversationMessage),
  next_before: Nullable(Id),
  next_after: Nullable(Id),
});
export type ConversationMessagePage = Static<typeof ConversationMessagePage>;

/** The problem of `if_last_id`: what was missed, oldest first. */
export const NewerMessages = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Literal(409),
  detail: Type.String(),
  code: Type.Literal("newer_messages"),
  missed: Type.Array(ConversationMessage),
});
export type NewerMessages = Static<typeof NewerMessages>;

export const ReadMark = Type.Object({ upto: Id }, strict);
export type ReadMark = Static<typeof ReadMark>;
/** The mark as it is now: it never moves back. */
export const ReadState = Type.Object({ upto: Type.Integer({ minimum: 0 }) });
export type ReadState = Static<typeof ReadState>;
export const TypingMark = Type.Object({ is_typing: Type.Boolean() }, strict);
export type TypingMark = Static<typeof TypingMark>;

// ---- uploads, search -----------------------------------------------------------------------------------------------

export const Upload = Type.Object({ ...Attachment.properties, conversation_id: Id, created_at: Time });
export type Upload = Static<typeof Upload>;

export const SearchHit = Type.Object({ message: ConversationMessage, conversation_title: Nullable(Type.String()) });
export const SearchPage = Type.Object({ hits: Type.Array(SearchHit), next_before: Nullable(Id) });
export type SearchPage = Static<typeof SearchPage>;
