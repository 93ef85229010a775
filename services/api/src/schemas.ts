/** How routes describe themselves: the bodies of `@drawchat/protocol/rest`, and parameters that are parsed by hand. */
import { Problem } from "@drawchat/protocol/rest";
import type { FastifySchemaCompiler } from "fastify";
import Type from "typebox";
import type { App } from "./api.ts";

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

/** Path parameters by name, each an id. */
export function idParams<Name extends string>(...names: readonly Name[]) {
  return Type.Unsafe<Record<Name, string>>(Type.Object(Object.fromEntries(names.map((name) => [name, Id]))));
}

/** For `validatorCompiler` of a route without a body: its parameters are parsed by `query.ts`, the schema only documents. */
export const parsedByHand: FastifySchemaCompiler<unknown> = () => () => true;

/** The same for a route with a body: that one is validated as everywhere. */
export function bodyAlone(app: App): FastifySchemaCompiler<unknown> {
  return (route) => (route.httpPart === "body" ? bodyValidator(app)(route) : () => true);
}

/** Fastify's own, which is there once a route without a compiler of its own was added. */
function bodyValidator({ validatorCompiler }: App): FastifySchemaCompiler<unknown> {
  if (validatorCompiler === undefined) throw new Error("no validator of bodies yet");
  return validatorCompiler;
}

/** The problem documents of a route beside its own answers. */
export function problems(...statuses: number[]) {
  const described = { description: "Problem", content: { "application/problem+json": { schema: Problem } } };
  return Object.fromEntries([401, 403, 503, ...statuses].map((status) => [status, described]));
}

export const noContent = Type.Null({ description: "Done" });
