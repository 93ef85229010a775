/** How routes describe themselves: the bodies of `@drawchat/protocol/rest`, and parameters that are parsed by hand. */
import { UserRole } from "@drawchat/protocol/conversations";
import { ConversationStatus } from "@drawchat/protocol/conversations-rest";
import { Uuid } from "@drawchat/protocol/frames";
import { Problem } from "@drawchat/protocol/rest";
import AjvCompiler from "@fastify/ajv-compiler";
import type { FastifySchemaCompiler } from "fastify";
import Type from "typebox";

const Id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });

/** Parameters arrive as texts whatever the schema says, so their static type is what they are: unknown. */
function documented(properties: Type.TProperties) {
  return Type.Unsafe<Record<string, unknown>>(Type.Object(properties));
}

export const sessionQuery = documented({ session_id: Type.Optional(Id) });
export const messagesQuery = documented({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 50 })),
  before: Type.Optional(Id),
  session_id: Type.Optional(Id),
});
export const sessionsQuery = documented({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 50 })),
  before: Type.Optional(Id),
  state: Type.Optional(Type.Enum(["scheduled", "open", "closed", "cancelled"])),
});

export const usersQuerystring = documented({
  q: Type.Optional(Type.String({ description: "How the name begins", maxLength: 100 })),
  role: Type.Optional(UserRole),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 50 })),
  after: Type.Optional(Id),
});

const Limit = Type.Integer({ minimum: 1, maximum: 100, default: 50 });
export const conversationsQuery = documented({
  status: Type.Optional(ConversationStatus),
  assignee: Type.Optional(Type.Union([Type.Enum(["me", "none"]), Id])),
  unread: Type.Optional(Type.Boolean()),
  mine: Type.Optional(Type.Boolean({ description: "Agents and admins: only those in which one is a participant" })),
  limit: Type.Optional(Limit),
  before: Type.Optional(Type.String({ description: "next_before of the page before" })),
});
export const conversationMessagesQuery = documented({
  limit: Type.Optional(Limit),
  before: Type.Optional(Id),
  after: Type.Optional(Id),
});
export const searchQuerystring = documented({
  q: Type.String({ description: 'Words, "a phrase", or, -without', minLength: 1, maxLength: 200 }),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 20 })),
  before: Type.Optional(Id),
});
export const uploadQuerystring = documented({ conversation_id: Id });
export const uploadReadQuerystring = documented({ size: Type.Optional(Type.Enum(["thumbnail"])) });
const Bytes = Type.Unsafe<unknown>({ type: "string", format: "binary" });
export const uploadForm = Type.Unsafe<unknown>(Type.Object({ file: Bytes }));

/** A file as an answer. */
export function fileContent(description: string) {
  const bytes = { schema: Bytes, example: "the bytes" };
  return {
    description,
    content: { "image/png": bytes, "image/jpeg": bytes, "image/webp": bytes, "image/gif": bytes, "application/pdf": bytes },
  };
}

/** Path parameters by name, each a UUID. */
export function uuidParams<Name extends string>(...names: readonly Name[]) {
  return Type.Unsafe<Record<Name, string>>(Type.Object(Object.fromEntries(names.map((name) => [name, Uuid]))));
}

/** Path parameters by name, each an id. */
export function idParams<Name extends string>(...names: readonly Name[]) {
  return Type.Unsafe<Record<Name, string>>(Type.Object(Object.fromEntries(names.map((name) => [name, Id]))));
}

const buildValidator = AjvCompiler();
/** Nothing is coerced, removed or filled in. */
const validatorOfBodies = buildValidator({}, { customOptions: { coerceTypes: false, removeAdditional: false, allErrors: false } });

/** The validator of all routes: bodies by their schemas; parameters are parsed by `query.ts`, their schemas only document. */
export const bodiesAlone: FastifySchemaCompiler<unknown> = (route) =>
  route.httpPart === "body" ? validatorOfBodies({ ...route }) : () => true;

/** The problem documents of a route beside its own answers. */
export function problems(...statuses: number[]) {
  const described = { description: "Problem", content: { "application/problem+json": { schema: Problem } } };
  return Object.fromEntries([401, 403, 503, ...statuses].map((status) => [status, described]));
}

export const noContent = Type.Null({ description: "Done" });
export const notModified = Type.Null({ description: "If-None-Match names it" });
