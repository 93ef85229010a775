/**
 * Who may do what in conversations: the one table that REST and sockets ask. A cell says how far a role reaches:
 *
 *   any     everywhere
 *   member  in conversations in which the user is a participant
 *   own     on what is the user's own (their message, upload or account), where they are a participant or it is themselves
 *   none    nowhere
 *
 * Whoever is out of reach of a thing that they might see elsewhere gets the answer for a thing that does not exist;
 * `forbidden` is for things that they may see and not change.
 */
import type { UserRole } from "@drawchat/protocol/conversations";
import type { Identity } from "./claims.ts";

export type Reach = "any" | "member" | "own" | "none";

export const ACTIONS = [
  "conversation.create",
  "conversation.create_for_others",
  "conversation.read",
  "conversation.update",
  "conversation.handoff",
  "participants.change",
  "participants.leave",
  "message.read",
  "message.send",
  "message.edit",
  "message.delete",
  "note.read",
  "note.send",
  "receipt.mark",
  "typing.mark",
  "upload.create",
  "upload.read",
  "user.list",
  "user.read",
  "user.update",
  "user.deactivate",
  "search",
] as const;
export type Action = (typeof ACTIONS)[number];

/** A row an action, a column a role. */
export const REACH: Readonly<Record<Action, Readonly<Record<UserRole, Reach>>>> = {
  "conversation.create": { customer: "any", agent: "any", admin: "any", bot: "none" },
  "conversation.create_for_others": { customer: "none", agent: "any", admin: "any", bot: "none" },
  "conversation.read": { customer: "member", agent: "any", admin: "any", bot: "member" },
  // Status, assignee, priority, labels, title, the bot.
  "conversation.update": { customer: "none", agent: "any", admin: "any", bot: "none" },
  // Asking for a person instead of the bot.
  "conversation.handoff": { customer: "member", agent: "any", admin: "any", bot: "member" },
  "participants.change": { customer: "none", agent: "any", admin: "any", bot: "none" },
  "participants.leave": { customer: "own", agent: "own", admin: "own", bot: "own" },
  "message.read": { customer: "member", agent: "any", admin: "any", bot: "member" },
  // An agent who writes becomes a participant by it.
  "message.send": { customer: "member", agent: "any", admin: "any", bot: "member" },
  "message.edit": { customer: "own", agent: "own", admin: "own", bot: "own" },
  "message.delete": { customer: "own", agent: "own", admin: "any", bot: "own" },
  "note.read": { customer: "none", agent: "any", admin: "any", bot: "none" },
  "note.send": { customer: "none", agent: "any", admin: "any", bot: "none" },
  "receipt.mark": { customer: "member", agent: "member", admin: "member", bot: "member" },
  "typing.mark": { customer: "member", agent: "member", admin: "member", bot: "member" },
  "upload.create": { customer: "member", agent: "any", admin: "any", bot: "member" },
  "upload.read": { customer: "member", agent: "any", admin: "any", bot: "member" },
  "user.list": { customer: "none", agent: "any", admin: "any", bot: "none" },
  // Customers see those with whom they share a conversation.
  "user.read": { customer: "member", agent: "any", admin: "any", bot: "member" },
  "user.update": { customer: "own", agent: "own", admin: "any", bot: "own" },
  "user.deactivate": { customer: "none", agent: "none", admin: "any", bot: "none" },
  search: { customer: "member", agent: "any", admin: "any", bot: "member" },
};

/** How the user stands to the thing that the action is about. */
export interface Relation {
  isMember: boolean;
  /** The message, upload or account is the user's own. */
  isOwn?: boolean;
}

/** Whether a role may do this to a thing that it stands so to. */
export function isAllowed(role: UserRole, action: Action, { isMember, isOwn = false }: Relation): boolean {
  switch (REACH[action][role]) {
    case "any":
      return true;
    case "member":
      return isMember;
    case "own":
      return isOwn;
    case "none":
      return false;
  }
}

/** The role in conversations that a token gives: the highest of its roles. `host` and `moderator` are of live chats. */
export function userRoleOf({ roles }: Pick<Identity, "roles">): UserRole {
  if (roles.includes("admin")) return "admin";
  if (roles.includes("agent")) return "agent";
  return roles.includes("bot") ? "bot" : "customer";
}

/** Agents and admins: they share all conversations, and their notes. */
export function isStaff(role: UserRole): boolean {
  return role === "agent" || role === "admin";
}
