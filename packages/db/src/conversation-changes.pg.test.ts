import { testDatabase } from "@drawchat/testkit/postgres";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { addParticipant, type ConversationEdit, editConversation, removeParticipant } from "./conversation-changes.ts";
import { createConversation, type NewConversationRequest } from "./conversation-creation.ts";
import { findConversation, inboxNotices, listConversations, listInboxViews } from "./conversation-views.ts";
import { type ConversationChanged, MAX_PARTICIPANTS } from "./conversation-writing.ts";
import { editUser, seeUser } from "./users.ts";

const { db, pool } = await testDatabase();
const [ANN, BEN, CLEO, DAVE, BOT] = [1, 2, 3, 4, 9];
const ROLES = { [ANN]: "customer", [BEN]: "agent", [CLEO]: "admin", [DAVE]: "customer", [BOT]: "bot" } as const;
let id = 0;

beforeAll(async () => {
  for (const [userId, role] of Object.entries(ROLES)) {
    await seeUser(db, { userId: Number(userId), username: `user${userId}`, profilePic: null, role });
  }
});

async function create(more: Partial<NewConversationRequest> = {}) {
  const defaults = {
    clientId: crypto.randomUUID(),
    title: null,
    participantIds: [],
    botUserId: BOT,
    priority: "normal",
    labels: [],
  } as const;
  const created = await createConversation(db, { createdBy: ANN, tellsWebhook: true, ...defaults, ...more });
  if (created === "unknown_user") throw new Error(created);
  return created;
}

beforeEach(async () => {
  id = (await create()).id;
});

const edit = (change: ConversationEdit, botUserId: number | undefined = BOT) =>
  editConversation(db, { id, edit: change, botUserId, tellsWebhook: true });
const add = (userId: number, hasRead = false) => addParticipant(db, { conversationId: id, userId, hasRead, tellsWebhook: true });
const remove = (userId: number) => removeParticipant(db, { conversationId: id, userId, tellsWebhook: true });
const rowOf = () => db.selectFrom("conversations").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
const participantIds = async () => (await findConversation(db, id, ANN))?.participants.map((one) => one.user_id);
const jobs = async () =>
  (await pool.query("SELECT task_identifier AS name FROM graphile_worker.jobs WHERE key = $1", [`apply_membership:${id}`])).rowCount;
const told = async () =>
  (await db.selectFrom("webhook_events").select("type").where("conversation_id", "=", id).orderBy("id").execute()).map((row) => row.type);

function changed(outcome: ConversationChanged | string): ConversationChanged {
  if (typeof outcome === "string") throw new Error(outcome);
  return outcome;
}

/** A row of a message, as the writer leaves it. */
async function store(messageId: number, userId: number, more: { is_note?: boolean; deleted_at?: Date } = {}): Promise<void> {
  const { is_note = false, deleted_at = null } = more;
  const row = { conversation_id: id, is_note, user_id: userId, client_id: crypto.randomUUID(), username: "u", profile_pic: null };
  const rest = { role: "customer", message: "hello", attachment: null, created_at: new Date(), edited_at: null, deleted_at } as const;
  await db
    .insertInto("conversation_messages")
    .values({ id: messageId, ...row, ...rest, last_event_id: messageId })
    .execute();
  if (!is_note) await db.updateTable("conversations").set({ last_message_id: messageId }).where("id", "=", id).execute();
}

describe("a new conversation", () => {
  test("has its maker, those named and the bot in it", async () => {
    id = (await create({ createdBy: BEN, participantIds: [ANN, DAVE], botUserId: undefined, labels: ["vip"], title: "Tickets" })).id;
    expect(await participantIds()).toEqual([ANN, BEN, DAVE]);
    expect(await rowOf()).toMatchObject({ title: "Tickets", labels: ["vip"], is_bot_on: false, status: "open", policy_version: 1 });
    id = (await create()).id;
    expect(await participantIds()).toEqual([ANN, BOT]);
    expect(await rowOf()).toMatchObject({ is_bot_on: true });
    expect(await told()).toEqual(["conversation.created"]);
  });

  test("is made once for a client_id, however many ask at once", async () => {
    const clientId = crypto.randomUUID();
    const made = await Promise.all(Array.from({ length: 5 }, () => create({ clientId })));
    expect(new Set(made.map((one) => one.id)).size).toBe(1);
    expect(made.filter((one) => !one.isKnown)).toHaveLength(1);
    expect((await create({ clientId, createdBy: DAVE })).id).not.toBe(made[0]?.id);
  });

  test("is not made with somebody who is not there, or was deactivated; a deactivated bot stays out", async () => {
    const request = { createdBy: ANN, clientId: crypto.randomUUID(), title: null, botUserId: BOT, priority: "normal", labels: [] } as const;
    expect(await createConversation(db, { ...request, participantIds: [999], tellsWebhook: false })).toBe("unknown_user");
    await editUser(db, BOT, { isActive: false });
    id = (await create()).id;
    expect(await participantIds()).toEqual([ANN]);
    expect(await rowOf()).toMatchObject({ is_bot_on: false });
    await editUser(db, BOT, { isActive: true });
  });
});

describe("an edit", () => {
  test("writes what differs and raises the version, the policy's only where Redis must know", async () => {
    const outcome = changed(await edit({ title: "Refund", priority: "high", labels: ["a", "b"], status: "pending" }));
    expect(outcome).toEqual({ id, isChanged: true, joined: [], left: [], membership: undefined });
    expect(await rowOf()).toMatchObject({ title: "Refund", priority: "high", labels: ["a", "b"], version: 2, policy_version: 1 });
    expect(await jobs()).toBe(0);
    expect(changed(await edit({ title: "Refund", labels: ["a", "b"] })).isChanged).toBe(false);
    expect((await rowOf()).version).toBe(2);
    expect(await told()).toEqual(["conversation.created", "conversation.updated"]);
  });

  test("makes an assignee a participant and silences the bot, in one policy with its job", async () => {
    const outcome = changed(await edit({ assigneeId: BEN }));
    expect(outcome.joined).toEqual([{ userId: BEN, username: "user2", role: "agent" }]);
    expect(outcome.membership).toMatchObject({ version: 2, isBotOn: false });
    expect([...(outcome.membership?.members.keys() ?? [])].sort()).toEqual([ANN, BEN, BOT]);
    expect(await rowOf()).toMatchObject({ assignee_id: BEN, is_bot_on: false, policy_version: 2 });
    expect(await jobs()).toBe(1);
    expect(await told()).toEqual(["conversation.created", "conversation.updated", "participant.joined"]);
    expect(changed(await edit({ assigneeId: null })).membership).toBeUndefined();
    expect(changed(await edit({ assigneeId: CLEO, isBotOn: true })).membership).toMatchObject({ isBotOn: false });
  });

  test.each([ANN, 999, BOT])("%i is no assignee", async (userId) => {
    expect(await edit({ assigneeId: userId })).toBe("not_staff");
    expect(await rowOf()).toMatchObject({ assignee_id: null, version: 1, is_bot_on: true });
  });

  test("sleeps until a time, and wakes with another status", async () => {
    const until = new Date(Date.now() + 60_000);
    expect(await edit({ snoozedUntil: until })).toBe("awake");
    changed(await edit({ status: "snoozed", snoozedUntil: until }));
    expect(await rowOf()).toMatchObject({ status: "snoozed", snoozed_until: until });
    changed(await edit({ snoozedUntil: new Date(until.getTime() + 1_000) }));
    changed(await edit({ status: "resolved" }));
    expect(await rowOf()).toMatchObject({ status: "resolved", snoozed_until: null, version: 4 });
  });

  test("switches the bot off and on, where there is one to switch on", async () => {
    expect(changed(await edit({ isBotOn: false })).membership).toMatchObject({ version: 2, isBotOn: false });
    changed(await remove(BOT));
    expect(await editConversation(db, { id, edit: { isBotOn: true }, botUserId: undefined, tellsWebhook: false })).toBe("no_bot");
    const outcome = changed(await edit({ isBotOn: true }));
    expect(outcome.joined).toEqual([{ userId: BOT, username: "user9", role: "bot" }]);
    expect(outcome.membership).toMatchObject({ version: 4, isBotOn: true });
  });

  test("of nothing that there is says so", async () => {
    expect(await editConversation(db, { id: 999_999, edit: { title: "x" }, botUserId: BOT, tellsWebhook: false })).toBe("unknown");
  });
});

describe("participants", () => {
  test("come and go once, and come back", async () => {
    expect(changed(await add(DAVE)).membership).toMatchObject({ version: 2, isBotOn: true });
    expect(changed(await add(DAVE))).toMatchObject({ joined: [], membership: undefined });
    expect(changed(await remove(DAVE)).left).toEqual([{ userId: DAVE, username: "user4", role: "customer" }]);
    expect(changed(await remove(DAVE))).toMatchObject({ left: [], membership: undefined });
    expect(await participantIds()).toEqual([ANN, BOT]);
    expect(changed(await add(DAVE)).membership).toMatchObject({ version: 4 });
    expect(await told()).toEqual(["conversation.created", "participant.joined", "participant.left", "participant.joined"]);
  });

  test("an agent among them silences the bot", async () => {
    expect(changed(await add(BEN)).membership).toMatchObject({ isBotOn: false });
  });

  test("an assignee who goes is none any more, and without its bot nothing of it is on", async () => {
    changed(await edit({ assigneeId: BEN }));
    changed(await remove(BEN));
    expect(await rowOf()).toMatchObject({ assignee_id: null });
    changed(await edit({ isBotOn: true }));
    expect(changed(await remove(BOT)).membership).toMatchObject({ isBotOn: false });
  });

  test("who have another role since are told anew", async () => {
    changed(await add(DAVE));
    await seeUser(db, { userId: DAVE, username: "user4", profilePic: null, role: "agent" });
    const outcome = changed(await add(DAVE, true));
    expect(outcome.joined).toMatchObject([{ userId: DAVE, role: "agent" }]);
    expect(outcome.membership?.members.get(DAVE)).toMatchObject({ role: "agent" });
    await seeUser(db, { userId: DAVE, username: "user4", profilePic: null, role: "customer" });
  });

  test("are users that there are, of conversations that there are", async () => {
    expect(await add(999)).toBe("unknown_user");
    expect(await remove(BEN)).toBe("unknown");
    expect(await addParticipant(db, { conversationId: 999_999, userId: BEN, hasRead: false, tellsWebhook: false })).toBe("unknown");
  });

  test("are at most a hundred", async () => {
    const others = Array.from({ length: MAX_PARTICIPANTS }, (_, n) => 1_000 + n);
    for (const userId of others) await seeUser(db, { userId, username: `u${userId}`, profilePic: null, role: "customer" });
    id = (await create({ participantIds: others.slice(0, MAX_PARTICIPANTS - 2) })).id;
    expect(await add(BEN)).toBe("full");
    expect(await edit({ assigneeId: BEN })).toBe("full");
    expect((await participantIds())?.length).toBe(MAX_PARTICIPANTS);
    expect(changed(await add(ANN))).toMatchObject({ joined: [] });
  });

  test("have what others said before them unread, but not who comes by themselves", async () => {
    await store(64_000 + id, ANN);
    await store(65_000 + id, BEN);
    await store(66_000 + id, ANN, { is_note: true });
    await store(67_000 + id, ANN, { deleted_at: new Date() });
    changed(await add(BEN));
    changed(await add(DAVE, true));
    changed(await edit({ assigneeId: CLEO }));
    expect((await findConversation(db, id, CLEO))?.unread_count).toBe(2);
    expect((await findConversation(db, id, BEN))?.unread_count).toBe(1);
    expect((await findConversation(db, id, DAVE))?.unread_count).toBe(0);
    const marks = (await findConversation(db, id, ANN))?.participants.map((one) => [one.user_id, one.read_upto]);
    expect(marks).toEqual(
      expect.arrayContaining([
        [BEN, 0],
        [DAVE, 67_000 + id],
      ]),
    );
  });
});

test("an inbox tells each participant their own, and all other agents one for all", async () => {
  await store(64_000 + id, ANN);
  changed(await add(BEN));
  const [view] = await listInboxViews(db, [id]);
  if (view === undefined) throw new Error("no view");
  expect(inboxNotices(view).map((notice) => [notice.to, notice.frame.conversation.unread_count])).toEqual([
    [ANN, 0],
    [BEN, 1],
    [BOT, 0],
    ["agents", 0],
  ]);
  expect(inboxNotices(view).at(-1)).toMatchObject({ except: [ANN, BEN, BOT], frame: { conversation: { is_participant: false } } });
});

describe("a list", () => {
  test("goes back in pages by last activity, for who is in them and for all", async () => {
    await db.deleteFrom("conversation_participants").where("user_id", "=", DAVE).execute();
    const mine: number[] = [];
    for (let n = 0; n < 5; n += 1) mine.push((await create({ createdBy: DAVE })).id);
    const at = new Date("2026-01-01T00:00:00.123Z");
    for (const table of ["conversations", "conversation_participants"] as const) {
      const column = table === "conversations" ? "id" : "conversation_id";
      await pool.query(`UPDATE ${table} SET last_activity_at = $1::timestamptz + interval '7 microseconds' WHERE ${column} = ANY($2)`, [
        at,
        mine,
      ]);
    }
    for (const isMine of [true, false]) {
      const seen: number[] = [];
      for (let before: Awaited<ReturnType<typeof listConversations>>["next"]; ; ) {
        const page = await listConversations(db, { viewerId: DAVE, isMine, before, limit: 2 });
        seen.push(...page.conversations.map((one) => one.id).filter((one) => mine.includes(one)));
        before = page.next;
        if (before === undefined) break;
      }
      expect(seen).toEqual(mine.toReversed());
    }
  });

  test("is filtered by status, by assignee and by what is unread", async () => {
    await db.deleteFrom("conversation_participants").where("user_id", "in", [BEN, CLEO]).execute();
    await db.updateTable("conversations").set({ assignee_id: CLEO, status: "resolved" }).where("id", "<>", id).execute();
    const other = (await create()).id;
    await store(64_000 + id, ANN);
    changed(await edit({ assigneeId: BEN, status: "pending" }));
    await db
      .updateTable("conversation_participants")
      .set({ unread_count: 3 })
      .where("conversation_id", "=", id)
      .where("user_id", "=", BEN)
      .execute();
    const find = async (more: object) =>
      (await listConversations(db, { viewerId: BEN, isMine: false, limit: 50, ...more })).conversations.map((one) => one.id);
    expect(await find({ status: "pending" })).toEqual([id]);
    expect(await find({ assignee: BEN })).toEqual([id]);
    expect(await find({ assignee: "none" })).toEqual([other]);
    expect(await find({ isUnread: true })).toEqual([id]);
    expect(await find({ isMine: true })).toEqual([id]);
    expect(await find({ isMine: true, status: "open" })).toEqual([]);
    const [shown] = (await listConversations(db, { viewerId: BEN, isMine: true, limit: 50 })).conversations;
    expect(shown).toMatchObject({
      unread_count: 3,
      is_participant: true,
      assignee_id: BEN,
      last_message: { id: 64_000 + id, user_id: ANN, message: "hello", has_attachment: false, is_deleted: false },
      participants: [{ user_id: ANN }, { user_id: BOT }, { user_id: BEN }],
    });
  });
});
