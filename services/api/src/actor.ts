/** Who acts in conversations: the user's row, made from the token where there is none, with the role of the token. */
import type { Identity } from "@drawchat/auth/claims";
import { userRoleOf } from "@drawchat/auth/policy";
import type { TokenUser } from "@drawchat/db/users";
import { ClientError } from "@drawchat/protocol/errors";
import type { FastifyRequest } from "fastify";
import { callerOf, type RequestHook } from "./bearer.ts";
import type { SeenUsers } from "./seen-users.ts";
import type { CallKind, WriteLimiter } from "./write-limiter.ts";

/** Name and picture are those of the row: they may have been edited. */
export type Actor = TokenUser;

declare module "fastify" {
  interface FastifyRequest {
    /** Set by the hook of `recogniseUser`; use `actorOf`. */
    actor: Actor | undefined;
  }
}

/** Goes behind `authenticate`. Refuses those who were deactivated. */
export function recogniseUser(users: SeenUsers): RequestHook {
  return async (request) => {
    const token = tokenUserOf(callerOf(request));
    const row = await users.see(token);
    if (!row.is_active) throw new ClientError("user_deactivated");
    request.actor = { userId: row.id, username: row.username, profilePic: row.profile_pic, role: token.role };
  };
}

function tokenUserOf(identity: Identity): TokenUser {
  return { userId: identity.userId, username: identity.username, profilePic: identity.profilePic, role: userRoleOf(identity) };
}

/** The caller of a route behind `recogniseUser`. */
export function actorOf(request: FastifyRequest): Actor {
  if (request.actor === undefined) throw new ClientError("unauthorized");
  return request.actor;
}

/** Goes behind `recogniseUser`: takes one call of the budget of its kind. A bot speaks for many: its messages have none. */
export function limited({ limiter }: { limiter: WriteLimiter }, kind: CallKind): RequestHook {
  return async (request) => {
    const { userId, role } = actorOf(request);
    if (kind !== "messages" || role !== "bot") await limiter.take(userId, kind);
  };
}
