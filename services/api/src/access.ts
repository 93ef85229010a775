/**
 * The one way from a caller to a thing: the table of `@drawchat/auth/policy`, asked with how the caller stands to it.
 * What they may not see answers 404, as what there is not; what they see and may not do answers 403.
 */
import { type Action, isAllowed, type Relation } from "@drawchat/auth/policy";
import type { Db } from "@drawchat/db/connect";
import { findStanding, type Standing } from "@drawchat/db/membership";
import { ClientError } from "@drawchat/protocol/errors";
import type { Actor } from "./actor.ts";

/** `seen`: what it takes to know that the thing exists. `relation` undefined: there is no such thing. */
export function judge({ role }: Actor, { seen, action }: { seen: Action; action: Action }, relation: Relation | undefined): void {
  if (relation === undefined || !isAllowed(role, seen, relation)) throw new ClientError("not_found");
  if (!isAllowed(role, action, relation)) throw new ClientError("forbidden");
}

/** For what is nobody's in particular, such as the list of users. */
export function requireAction(actor: Actor, action: Action): void {
  if (!isAllowed(actor.role, action, { isMember: true, isOwn: true })) throw new ClientError("forbidden");
}

/** Of notes nothing may be known by those who may not read them; of all else by those who may not read the conversation. */
export function whatIsSeen(action: Action): Action {
  return action === "note.read" || action === "note.send" ? "note.read" : "conversation.read";
}

/** How the caller stands to a conversation in which they may do this. Throws `not_found` or `forbidden`. */
export async function enter(
  db: Db,
  actor: Actor,
  { conversationId, action }: { conversationId: number; action: Action },
): Promise<Standing> {
  const standing = await findStanding(db, conversationId, actor.userId);
  judge(actor, { seen: whatIsSeen(action), action }, standing);
  if (standing === undefined) throw new ClientError("not_found");
  return standing;
}
