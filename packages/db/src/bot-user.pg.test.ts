import { testDatabase } from "@drawchat/testkit/postgres";
import { expect, test } from "vitest";
import { ensureBotUser } from "./bot-user.ts";

const { db } = await testDatabase();
const users = () => db.selectFrom("users").select(["id", "username", "role"]).orderBy("id").execute();

test("the bot's row is made once and takes the name of the settings, unless it was edited", async () => {
  await Promise.all([1, 2, 3].map(() => ensureBotUser(db, { userId: 70, name: "Ada" })));
  await ensureBotUser(db, { userId: 70, name: "Bea" });
  expect(await users()).toEqual([{ id: 70, username: "Bea", role: "bot" }]);
  await db.updateTable("users").set({ username: "Cleo", is_edited: true }).execute();
  await ensureBotUser(db, { userId: 70, name: "Ada" });
  expect(await users()).toEqual([{ id: 70, username: "Cleo", role: "bot" }]);
});

test("the id of somebody who is no bot is refused, and nothing of theirs is changed", async () => {
  await db.insertInto("users").values({ id: 71, username: "ann", profile_pic: null, role: "customer", last_seen_at: null }).execute();
  await expect(ensureBotUser(db, { userId: 71, name: "Ada" })).rejects.toThrow("CONVERSATIONS_BOT_USER_ID is 71");
  expect((await users()).at(-1)).toEqual({ id: 71, username: "ann", role: "customer" });
});
