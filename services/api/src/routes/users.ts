import { cleanUsername, readProfilePic } from "@drawchat/auth/claims";
import { isAllowed } from "@drawchat/auth/policy";
import type { UserRow } from "@drawchat/db/tables";
import { editUser, findUser, sharesConversation, type UserEdit, usersQuery } from "@drawchat/db/users";
import { User, UserChange, UserPage } from "@drawchat/protocol/conversations-rest";
import { ClientError } from "@drawchat/protocol/errors";
import { tellUser } from "@drawchat/redis/user-commands";
import { judge, requireAction } from "../access.ts";
import { type Actor, actorOf, limited } from "../actor.ts";
import type { ApiParts, App } from "../api.ts";
import { readLimit, readOptionalId, readOptionalText, readOptionalWord, readPathId } from "../query.ts";
import { idParams, problems, usersQuerystring } from "../schemas.ts";
import { viewUsers } from "../user-view.ts";

const ROLES = ["customer", "agent", "admin", "bot"] as const;
const MAX_LIMIT = 100;
const DEFAULT_LIMIT = 50;
const MAX_SEARCH_CHARS = 100;

export function addUserRoutes(app: App, parts: ApiParts): void {
  const { db } = parts;
  const list = { summary: "Users, by id", querystring: usersQuerystring, response: { 200: UserPage, ...problems(400) } };
  app.get("/users", { schema: list }, async (request): Promise<UserPage> => {
    requireAction(actorOf(request), "user.list");
    const limit = readLimit(request.query, { max: MAX_LIMIT, fallback: DEFAULT_LIMIT });
    const after = readOptionalId(request.query, "after");
    const role = readOptionalWord(request.query, "role", ROLES);
    const q = readOptionalText(request.query, "q", MAX_SEARCH_CHARS);
    const rows = await usersQuery(db, { q, role, after, limit: limit + 1 }).execute();
    const page = rows.slice(0, limit);
    return { users: await viewUsers(parts, page), next_after: rows.length > limit ? (page.at(-1)?.id ?? null) : null };
  });

  const me = { summary: "Who one is here", response: { 200: User, ...problems() } };
  app.get("/users/me", { schema: me }, async (request): Promise<User> => {
    const actor = actorOf(request);
    return viewOne(parts, await findSeen(parts, actor, actor.userId));
  });

  const read = { summary: "A user", params: idParams("id"), response: { 200: User, ...problems(404) } };
  app.get("/users/:id", { schema: read }, async (request): Promise<User> => {
    return viewOne(parts, await findSeen(parts, actorOf(request), readPathId(request.params.id)));
  });

  const change = {
    summary: "Change a user's name or picture, or (admins) deactivate them",
    params: idParams("id"),
    body: UserChange,
    response: { 200: User, ...problems(400, 404, 413, 415, 429) },
  };
  const options = { schema: change, onRequest: limited(parts, "users") };
  app.patch("/users/:id", options, async (request): Promise<User> => {
    const actor = actorOf(request);
    const row = await findSeen(parts, actor, readPathId(request.params.id));
    return viewOne(parts, await changeUser(parts, actor, row, request.body));
  });
}

async function viewOne(parts: ApiParts, row: UserRow): Promise<User> {
  const [user] = await viewUsers(parts, [row]);
  if (user === undefined) throw new Error("a row was not shown");
  return user;
}

/** The row of a user whom the caller may see. */
async function findSeen({ db }: ApiParts, actor: Actor, userId: number): Promise<UserRow> {
  const row = await findUser(db, userId);
  const isSelf = userId === actor.userId;
  const isMember =
    isSelf || (!isAllowed(actor.role, "user.read", { isMember: false }) && (await sharesConversation(db, actor.userId, userId)));
  judge(actor, { seen: "user.read", action: "user.read" }, row && { isMember });
  if (row === undefined) throw new ClientError("not_found");
  return row;
}

async function changeUser(parts: ApiParts, actor: Actor, row: UserRow, change: UserChange): Promise<UserRow> {
  const { is_active: isActive, ...profile } = change;
  const isOwn = row.id === actor.userId;
  if (Object.keys(profile).length > 0) judge(actor, { seen: "user.read", action: "user.update" }, { isMember: true, isOwn });
  if (isActive !== undefined) judge(actor, { seen: "user.read", action: "user.deactivate" }, { isMember: true, isOwn });
  if (isActive === false && isOwn) throw new ClientError("bad_request", { detail: "Nobody can deactivate themselves." });
  const edited = await editUser(parts.db, row.id, { ...readProfile(profile), isActive });
  if (edited === undefined) throw new ClientError("not_found");
  parts.users.forget(row.id);
  await tell(parts, actor, edited);
  return edited;
}

function readProfile({ username, profile_pic: picture }: Omit<UserChange, "is_active">): UserEdit {
  const cleaned = username === undefined ? undefined : cleanUsername(username);
  if (username !== undefined && cleaned === undefined) {
    throw new ClientError("bad_request", { detail: "username must have 1 to 100 characters." });
  }
  const profilePic = typeof picture === "string" ? readProfilePic(picture) : picture;
  if (typeof picture === "string" && profilePic === null) {
    throw new ClientError("bad_request", { detail: "profile_pic must be an http or https URL." });
  }
  return { username: cleaned, profilePic };
}

/** Gateways close the sockets of who was deactivated, and show the others anew. Where this fails, the change's job does it. */
async function tell({ redis, log }: ApiParts, { userId: by }: Actor, row: UserRow): Promise<void> {
  if (!row.is_active) log.info({ component: "conversations", by, user_id: row.id }, "user deactivated");
  try {
    await tellUser(redis, row);
  } catch (error) {
    log.warn({ component: "conversations", user_id: row.id, err: error }, "a changed user is left to the job");
  }
}
