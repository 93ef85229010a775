/** Bodies of the REST calls: the source of validation, static types and OpenAPI. */
import Type, { type Static } from "typebox";
import { ChatMessage, SessionInfo } from "./frames.ts";

const Id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
const Count = Type.Integer({ minimum: 0 });
const Time = Type.String({ format: "date-time" });

/** RFC 9457 problem document. `code` is one of the error table. */
export const Problem = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
  code: Type.String(),
  retry_after_ms: Type.Optional(Type.Integer()),
});
export type Problem = Static<typeof Problem>;

const Nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** `state` is `no_draw` where no session is known and none is configured; the other fields are null then. */
export const Status = Type.Object({
  enabled: Type.Literal(true),
  active: Type.Boolean(),
  state: Type.Enum(["scheduled", "open", "closed", "cancelled", "no_draw"]),
  session_id: Nullable(Id),
  draw_at: Nullable(Time),
  opens_at: Nullable(Time),
  closes_at: Nullable(Time),
  server_time: Time,
  total_likes: Count,
  viewers: Count,
});
export type Status = Static<typeof Status>;

export const DisabledStatus = Type.Object({ enabled: Type.Literal(false), message: Type.Literal("Live chat is disabled") });

export const MessagePage = Type.Object({ messages: Type.Array(ChatMessage) });
export type MessagePage = Static<typeof MessagePage>;
export const SessionLiked = Type.Object({ message: Type.Literal("Session liked successfully"), total_likes: Count });
export type SessionLiked = Static<typeof SessionLiked>;
export const MessageLiked = Type.Object({ message: Type.Literal("Message liked successfully"), likes: Count });
export type MessageLiked = Static<typeof MessageLiked>;

/** `draw_at` is an instant with an offset or `Z`; hours default to the settings. */
export const NewSession = Type.Object(
  {
    draw_at: Type.String({ format: "date-time" }),
    pre_hours: Type.Optional(Type.Number({ minimum: 0, maximum: 168 })),
    post_hours: Type.Optional(Type.Number({ minimum: 0, maximum: 168 })),
  },
  { additionalProperties: false },
);
export type NewSession = Static<typeof NewSession>;

/** Moves or extends a session. Hours that are not named stay as they are and move along with the draw. */
export const SessionChange = Type.Object(
  {
    draw_at: Type.Optional(Type.String({ format: "date-time" })),
    pre_hours: Type.Optional(Type.Number({ minimum: 0, maximum: 168 })),
    post_hours: Type.Optional(Type.Number({ minimum: 0, maximum: 168 })),
  },
  { additionalProperties: false, minProperties: 1 },
);
export type SessionChange = Static<typeof SessionChange>;

export const Session = Type.Object({
  ...SessionInfo.properties,
  is_active: Type.Boolean(),
  total_likes: Count,
  /** The highest number of viewers shown at once, and how many different users came; both grow while it lasts. */
  peak_viewers: Count,
  unique_viewers: Count,
  winners: Type.Array(Id),
});
export type Session = Static<typeof Session>;

export const SessionPage = Type.Object({ sessions: Type.Array(Session), next_before: Nullable(Id) });
export type SessionPage = Static<typeof SessionPage>;

/** Demo sign-in, in development only. `host`: of live chats; the others are of conversations. Default a person like any other. */
export const DemoRole = Type.Enum(["host", "agent", "admin", "customer"]);
export type DemoRole = Static<typeof DemoRole>;
export const NewDemoToken = Type.Object(
  { username: Type.String({ minLength: 1, maxLength: 200 }), role: Type.Optional(DemoRole) },
  { additionalProperties: false },
);
export const DemoToken = Type.Object({ token: Type.String(), user_id: Id, username: Type.String() });
export type DemoToken = Static<typeof DemoToken>;
