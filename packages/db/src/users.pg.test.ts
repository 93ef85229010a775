import { testDatabase } from "@drawchat/testkit/postgres";
import { expect, test } from "vitest";
import { editUser, findUser, seeUser, sharesConversation, usersQuery } from "./users.ts";

const { db } = await testDatabase();
const ann = { userId: 1, username: "ann", profilePic: "https://example.com/ann.png", role: "customer" } as const;

test("a user's row is made from the first token and follows later ones", async () => {
  expect(await seeUser(db, ann)).toMatchObject({ id: 1, username: "ann", role: "customer", is_active: true, is_edited: false });
  expect(await seeUser(db, { ...ann, username: "anna", profilePic: null, role: "agent" })).toMatchObject({
    username: "anna",
    profile_pic: null,
    role: "agent",
  });
});

test("what was edited stays as it was edited, the role is the token's all the same", async () => {
  await seeUser(db, ann);
  expect(await editUser(db, 1, { profilePic: null })).toMatchObject({ username: "ann", profile_pic: null, is_edited: true });
  expect(await seeUser(db, { ...ann, username: "other", role: "admin" })).toMatchObject({
    username: "ann",
    profile_pic: null,
    role: "admin",
  });
});

test("the row of a bot is not taken over by the token of somebody who has its id", async () => {
  const bot = await seeUser(db, { ...ann, userId: 70, username: "bot", role: "bot" });
  expect(await seeUser(db, { ...ann, userId: 70, username: "mallory" })).toEqual(bot);
  expect(await seeUser(db, { ...ann, userId: 70, username: "new name", role: "bot" })).toMatchObject({ username: "new name", role: "bot" });
});

test("deactivating is no edit of the name, and editing nobody is told", async () => {
  await seeUser(db, { ...ann, userId: 2 });
  expect(await editUser(db, 2, { isActive: false })).toMatchObject({ is_active: false, is_edited: false });
  expect(await seeUser(db, { ...ann, userId: 2, username: "new" })).toMatchObject({ username: "new", is_active: false });
  expect(await editUser(db, 3, { isActive: false })).toBeUndefined();
  expect(await findUser(db, 3)).toBeUndefined();
});

test("many first calls at once make one row", async () => {
  const rows = await Promise.all(Array.from({ length: 10 }, () => seeUser(db, { ...ann, userId: 4 })));
  expect(new Set(rows.map((row) => row.created_at.getTime())).size).toBe(1);
});

test("users are found by the beginning of their name and by role, page by page", async () => {
  for (const [i, username] of ["Zoe", "zora", "z%x", "zed"].entries()) {
    await seeUser(db, { ...ann, userId: 100 + i, username, role: i % 2 === 0 ? "agent" : "customer" });
  }
  const find = async (more: object) =>
    (await usersQuery(db, { q: undefined, role: undefined, after: undefined, limit: 10, ...more }).execute()).map((row) => row.username);
  expect(await find({ q: "ZO" })).toEqual(["Zoe", "zora"]);
  expect(await find({ q: "z", role: "agent" })).toEqual(["Zoe", "z%x"]);
  expect(await find({ q: "z%" })).toEqual(["z%x"]);
  expect(await find({ q: "z_" })).toEqual([]);
  expect(await find({ q: "z", after: 101, limit: 1 })).toEqual(["z%x"]);
});

test("two share a conversation while both are in it", async () => {
  await seeUser(db, { ...ann, userId: 11 });
  await seeUser(db, { ...ann, userId: 12 });
  const { id } = await db
    .insertInto("conversations")
    .values({ title: null, snoozed_until: null, assignee_id: null, created_by: 11, client_id: crypto.randomUUID(), last_message_id: null })
    .returning("id")
    .executeTakeFirstOrThrow();
  const join = (userId: number) =>
    db.insertInto("conversation_participants").values({ conversation_id: id, user_id: userId, role: "customer", left_at: null }).execute();
  await join(11);
  expect(await sharesConversation(db, 11, 12)).toBe(false);
  await join(12);
  expect(await sharesConversation(db, 11, 12)).toBe(true);
  await db.updateTable("conversation_participants").set({ left_at: new Date() }).where("user_id", "=", 12).execute();
  expect(await sharesConversation(db, 11, 12)).toBe(false);
});
