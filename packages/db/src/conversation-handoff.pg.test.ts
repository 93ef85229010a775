import { addConversation } from "@drawchat/testkit/conversations";
import { testDatabase } from "@drawchat/testkit/postgres";
import { beforeEach, expect, test } from "vitest";
import { handOff, wakeConversations } from "./conversation-handoff.ts";

const { db, pool } = await testDatabase();
const members = [{ userId: 1 }, { userId: 70, role: "bot" as const }];

beforeEach(async () => {
  await pool.query("TRUNCATE webhook_events");
  await pool.query("DELETE FROM graphile_worker._private_jobs");
});

const row = (id: number) => db.selectFrom("conversations").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
const told = async () => (await db.selectFrom("webhook_events").select("type").execute()).map(({ type }) => type);

async function snoozed(untilMs: number): Promise<number> {
  const id = await addConversation(db);
  await db
    .updateTable("conversations")
    .set({ status: "snoozed", snoozed_until: new Date(untilMs) })
    .where("id", "=", id)
    .execute();
  return id;
}

test("a hand-off switches the bot off and opens the conversation, once", async () => {
  const id = await addConversation(db, { members });
  await db.updateTable("conversations").set({ status: "resolved" }).where("id", "=", id).execute();
  const [first, second] = [await handOff(db, { id, tellsWebhook: true }), await handOff(db, { id, tellsWebhook: true })];
  expect(first).toMatchObject({ id, membership: { version: 2, isBotOn: false } });
  expect(second).toMatchObject({ id, membership: undefined });
  expect(await row(id)).toMatchObject({ is_bot_on: false, status: "open", version: 2, policy_version: 2 });
  expect(await told()).toEqual(["conversation.updated"]);
  expect(await handOff(db, { id: 999_999, tellsWebhook: true })).toBe("unknown");
});

test("without a webhook nothing is recorded for one", async () => {
  const id = await addConversation(db, { members });
  await handOff(db, { id, tellsWebhook: false });
  expect(await told()).toEqual([]);
});

test("a snoozed conversation whose time has come is open, however many wake it at once; others sleep on", async () => {
  const due = await snoozed(Date.now() - 1_000);
  const later = await snoozed(Date.now() + 3_600_000);
  const woken = await Promise.all([1, 2, 3].map(() => wakeConversations(db, { tellsWebhook: true })));
  expect(woken.flat().map(({ id }) => id)).toEqual([due]);
  expect(await row(due)).toMatchObject({ status: "open", snoozed_until: null, version: 2 });
  expect(await row(later)).toMatchObject({ status: "snoozed", version: 1 });
  expect(await told()).toEqual(["conversation.updated"]);
});
