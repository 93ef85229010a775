/**
 * Each cell of the table of who may do what, against the real calls: what is allowed succeeds; what may be seen and not
 * done is 403; what may not be seen is 404, byte for byte as what is not there.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Role } from "@drawchat/auth/claims";
import { type Action, isAllowed } from "@drawchat/auth/policy";
import { createConversation } from "@drawchat/db/conversation-creation";
import { openFileStore } from "@drawchat/files/store";
import type { UserRole } from "@drawchat/protocol/conversations";
import { pdfOf } from "@drawchat/testkit/pdfs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { conversationWorld, person } from "../test/conversation-world.ts";
import { FORM_TYPE, filePart, form } from "../test/form.ts";
import { type Answer, type Call, testStores } from "./test-api.ts";

const dir = await mkdtemp(join(tmpdir(), "drawchat-test-policy-"));
afterAll(() => rm(dir, { recursive: true }));
const files = await openFileStore({ dir, s3: undefined });
await files.prepare();
const stores = await testStores();
const world = await conversationWorld(stores, { files });
const { call } = world;
const { db } = world.parts;

const ROLES: readonly UserRole[] = ["customer", "agent", "admin", "bot"];
const OWNER = person(1, "admin");
const OTHER = person(2);
/** Two people a role: one in the conversation, one who is not. */
const people = Object.fromEntries(ROLES.map((role, n) => [role, roleOf(role, 10 + n)]));
const strangers = Object.fromEntries(ROLES.map((role, n) => [role, roleOf(role, 20 + n)]));

function roleOf(role: UserRole, user: number): Call {
  const roles: Role[] = role === "customer" ? [] : [role];
  return person(user, ...roles);
}

type Standing = "stranger" | "member" | "own";

interface Cell {
  by: Call;
  role: UserRole;
  standing: Standing;
  /** A conversation of its own, in which all members are. */
  id: number;
}

interface Row {
  action: Action;
  /** As the description has it. */
  call: string;
  /** How the caller may stand to it. */
  standings: readonly Standing[];
  /** What it takes to know that it exists; undefined: everybody knows, or nobody needs to. */
  seen?: Action;
  ask: (cell: Cell) => Promise<Answer>;
  /** The same of something that is not there. */
  askForNothing?: (cell: Cell) => Promise<Answer>;
}

const ALL = ["stranger", "member", "own"] as const;
const OUTSIDE_OR_IN = ["stranger", "member"] as const;
const NOTHING = 999_999_999;

const clientId = () => crypto.randomUUID();

async function messageOf({ by, standing, id }: Cell): Promise<number> {
  return (await world.say(standing === "own" ? by : OWNER, id, "hello")).id;
}

type Asking = Pick<Row, "standings" | "seen" | "ask" | "askForNothing">;

function ofConversation(method: string, path: string, body?: () => object): Asking & { seen: Action } {
  const ask = (id: number, by: Call) => call(`${method} /conversations/${id}${path}`, { ...by, body: body?.() });
  const seen = "conversation.read" as const;
  return { standings: OUTSIDE_OR_IN, seen, ask: ({ id, by }) => ask(id, by), askForNothing: ({ by }) => ask(NOTHING, by) };
}

function ofMessage(method: string, body?: object): Asking {
  const ask = (id: number, messageId: number, by: Call) => call(`${method} /conversations/${id}/messages/${messageId}`, { ...by, body });
  return {
    standings: ALL,
    seen: "message.read",
    ask: async (cell) => ask(cell.id, await messageOf(cell), cell.by),
    askForNothing: ({ id, by }) => ask(id, NOTHING, by),
  };
}

function ofUser(method: string, body?: object): Asking {
  const ask = (userId: number | undefined, by: Call) => call(`${method} /users/${userId}`, { ...by, body });
  return {
    standings: ALL,
    seen: "user.read",
    ask: ({ by, standing }) => ask(standing === "own" ? by.user : OWNER.user, by),
    askForNothing: ({ by }) => ask(NOTHING, by),
  };
}

/** A file of plain ASCII, so that its form is a text. */
const upload = (by: Call, conversationId: number) =>
  call(`POST /uploads?conversation_id=${conversationId}`, {
    ...by,
    body: form(filePart(pdfOf(), { type: "application/pdf" })).toString("latin1"),
    headers: { "content-type": FORM_TYPE },
  });

/** What no message has yet is its uploader's alone. */
async function fileIn(conversationId: number): Promise<string> {
  const { upload_id } = Object((await upload(OWNER, conversationId)).body);
  await world.say(OWNER, conversationId, "look", { upload_id });
  return upload_id;
}

const ofMember = (cell: Cell) => `/conversations/${cell.id}/participants/${OWNER.user}`;

const TABLE: readonly Row[] = [
  {
    action: "conversation.create",
    call: "POST /conversations",
    standings: ["stranger"],
    ask: ({ by }) => call("POST /conversations", { ...by, body: { client_id: clientId() } }),
  },
  {
    action: "conversation.create_for_others",
    call: "POST /conversations",
    standings: ["stranger"],
    ask: ({ by }) => call("POST /conversations", { ...by, body: { client_id: clientId(), participant_ids: [OTHER.user] } }),
  },
  {
    action: "conversation.update",
    call: "POST /conversations",
    standings: ["stranger"],
    ask: ({ by }) => call("POST /conversations", { ...by, body: { client_id: clientId(), labels: ["vip"] } }),
  },
  { action: "conversation.read", call: "GET /conversations/{id}", ...ofConversation("GET", "") },
  { action: "conversation.read", call: "GET /conversations/{id}/participants", ...ofConversation("GET", "/participants") },
  { action: "conversation.update", call: "PATCH /conversations/{id}", ...ofConversation("PATCH", "", () => ({ priority: "high" })) },
  { action: "conversation.update", call: "PATCH /conversations/{id}", ...ofConversation("PATCH", "", () => ({ is_bot_on: true })) },
  { action: "conversation.handoff", call: "PATCH /conversations/{id}", ...ofConversation("PATCH", "", () => ({ is_bot_on: false })) },
  {
    action: "participants.change",
    call: "POST /conversations/{id}/participants",
    ...ofConversation("POST", "/participants", () => ({ user_id: OTHER.user })),
  },
  {
    action: "participants.change",
    call: "DELETE /conversations/{id}/participants/{user_id}",
    standings: OUTSIDE_OR_IN,
    seen: "conversation.read",
    ask: (cell) => call(`DELETE ${ofMember(cell)}`, cell.by),
    askForNothing: (cell) => call(`DELETE ${ofMember({ ...cell, id: NOTHING })}`, cell.by),
  },
  {
    action: "participants.leave",
    call: "DELETE /conversations/{id}/participants/{user_id}",
    standings: ["own"],
    seen: "conversation.read",
    ask: ({ id, by }) => call(`DELETE /conversations/${id}/participants/${by.user}`, by),
  },
  { action: "message.read", call: "GET /conversations/{id}/messages", ...ofConversation("GET", "/messages") },
  {
    action: "message.read",
    call: "GET /conversations/{id}/messages/{message_id}",
    ...ofMessage("GET"),
  },
  {
    action: "message.send",
    call: "POST /conversations/{id}/messages",
    ...ofConversation("POST", "/messages", () => ({ client_id: clientId(), message: "hello" })),
  },
  { action: "message.edit", call: "PATCH /conversations/{id}/messages/{message_id}", ...ofMessage("PATCH", { message: "x" }) },
  { action: "message.delete", call: "DELETE /conversations/{id}/messages/{message_id}", ...ofMessage("DELETE") },
  {
    action: "note.read",
    call: "GET /conversations/{id}/messages/{message_id}",
    standings: OUTSIDE_OR_IN,
    seen: "note.read",
    ask: async ({ id, by }) => call(`GET /conversations/${id}/messages/${(await world.note(OWNER, id, "psst")).id}`, by),
    askForNothing: ({ id, by }) => call(`GET /conversations/${id}/messages/${NOTHING}`, by),
  },
  { action: "note.read", call: "GET /conversations/{id}/notes", ...ofConversation("GET", "/notes"), seen: "note.read" },
  {
    action: "note.send",
    call: "POST /conversations/{id}/notes",
    ...ofConversation("POST", "/notes", () => ({ client_id: clientId(), message: "hello" })),
    seen: "note.read",
  },
  {
    action: "receipt.mark",
    call: "POST /conversations/{id}/read",
    standings: OUTSIDE_OR_IN,
    seen: "conversation.read",
    ask: async (cell) => call(`POST /conversations/${cell.id}/read`, { ...cell.by, body: { upto: await messageOf(cell) } }),
    askForNothing: ({ by }) => call(`POST /conversations/${NOTHING}/read`, { ...by, body: { upto: 1 } }),
  },
  {
    action: "typing.mark",
    call: "POST /conversations/{id}/typing",
    ...ofConversation("POST", "/typing", () => ({ is_typing: true })),
  },
  {
    action: "upload.create",
    call: "POST /uploads",
    standings: OUTSIDE_OR_IN,
    seen: "conversation.read",
    ask: ({ id, by }) => upload(by, id),
    askForNothing: ({ by }) => upload(by, NOTHING),
  },
  {
    action: "upload.read",
    call: "GET /uploads/{id}",
    standings: OUTSIDE_OR_IN,
    seen: "upload.read",
    ask: async ({ id, by }) => call(`GET /uploads/${await fileIn(id)}`, by),
    askForNothing: ({ by }) => call(`GET /uploads/${clientId()}`, by),
  },
  { action: "user.list", call: "GET /users", standings: ["stranger"], ask: ({ by }) => call("GET /users", by) },
  { action: "user.read", call: "GET /users/me", standings: ["own"], ask: ({ by }) => call("GET /users/me", by) },
  { action: "user.read", call: "GET /users/{id}", ...ofUser("GET") },
  { action: "user.update", call: "PATCH /users/{id}", ...ofUser("PATCH", { profile_pic: null }) },
  { action: "user.deactivate", call: "PATCH /users/{id}", ...ofUser("PATCH", { is_active: true }) },
];

/** Every role is in it, and the bot may answer. */
async function conversationOfAll(): Promise<number> {
  const participantIds = Object.values(people).map(({ user = 0 }) => user);
  const plain = { title: null, priority: "normal", labels: [], tellsWebhook: false } as const;
  const request = { createdBy: OWNER.user ?? 0, clientId: clientId(), participantIds, botUserId: undefined, ...plain };
  const created = await createConversation(db, request);
  if (created === "unknown_user") throw new Error(created);
  await db.updateTable("conversations").set({ is_bot_on: true }).where("id", "=", created.id).execute();
  return created.id;
}

beforeAll(async () => {
  for (const each of [OWNER, OTHER, ...Object.values(people), ...Object.values(strangers)]) await call("GET /users/me", each);
  await conversationOfAll();
});

const RELATIONS = { stranger: { isMember: false }, member: { isMember: true }, own: { isMember: true, isOwn: true } };

/** What is wrong with a cell's answer; undefined: nothing. */
async function fault({ action, ask, askForNothing, seen }: Row, cell: Cell): Promise<string | undefined> {
  const { role, standing } = cell;
  const { status, text } = await ask(cell);
  const isSeen = seen === undefined || isAllowed(role, seen, RELATIONS[standing]);
  const expected = isAllowed(role, action, RELATIONS[standing]) ? "2" : isSeen ? "403" : "404";
  if (!String(status).startsWith(expected)) return `${role}, ${standing}: ${status} instead of ${expected}`;
  if (expected !== "404") return undefined;
  const nothing = await askForNothing?.(cell);
  return nothing?.text === text && nothing.status === 404 ? undefined : `${role}, ${standing}: not as what is not there`;
}

test.each(TABLE.map((row) => [row.action, row.call, row] as const))("%s by %s: every role, every standing", async (_action, _call, row) => {
  const faults = [];
  for (const role of ROLES) {
    for (const standing of row.standings) {
      const by = standing === "stranger" ? strangers[role] : people[role];
      if (by === undefined) throw new Error("nobody has this role");
      faults.push(await fault(row, { by, role, standing, id: await conversationOfAll() }));
    }
  }
  expect(faults.filter((each) => each !== undefined)).toEqual([]);
});

test("search reaches as far as reading does", async () => {
  const id = await conversationOfAll();
  await world.store(await world.say(OWNER, id, "xylophone"));
  const hits = async (by: Call | undefined) => Object((await call("GET /search?q=xylophone", by)).body).hits.length;
  for (const role of ROLES) {
    for (const [standing, by] of [["member", people[role]] as const, ["stranger", strangers[role]] as const]) {
      expect([role, standing, await hits(by)]).toEqual([role, standing, isAllowed(role, "search", RELATIONS[standing]) ? 1 : 0]);
    }
  }
});

test("every call about conversations asks for an action of the table", async () => {
  const asked = new Set(TABLE.map((row) => row.call));
  const { paths } = Object((await call("GET /openapi.json")).body);
  const calls = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(Object(methods)).map((method) => `${method.toUpperCase()} ${path}`),
  );
  // What these show is what their queries select: they have tests of their own here.
  const byQuery = ["GET /conversations", "GET /search"];
  const missing = calls.filter((name) => !name.includes(" /live-chat/") && !asked.has(name) && !byQuery.includes(name));
  expect([calls.length > 30, missing]).toEqual([true, []]);
});

test("a list has one's own conversations alone, or all for agents", async () => {
  const id = await conversationOfAll();
  const seen = async (by: Call | undefined) =>
    Object((await call("GET /conversations", by)).body).conversations.some((each: { id: number }) => each.id === id);
  for (const role of ROLES) {
    expect([role, await seen(people[role])]).toEqual([role, true]);
    expect([role, await seen(strangers[role])]).toEqual([role, isAllowed(role, "conversation.read", RELATIONS.stranger)]);
  }
});
