import { expect, test } from "vitest";
import { createTestDatabase, testDatabase } from "./postgres.ts";

const database = await testDatabase();

test("a test database is migrated and empty", async () => {
  expect(await database.db.selectFrom("live_chat_sessions").selectAll().execute()).toEqual([]);
});

test("two test databases do not see each other", async () => {
  const other = await createTestDatabase();
  await other.db
    .insertInto("live_chat_sessions")
    .values({ kind: "explicit", draw_date: "2030-01-01", draw_at: new Date(), opens_at: new Date(0), closes_at: new Date(4e12) })
    .execute();
  const count = await database.db
    .selectFrom("live_chat_sessions")
    .select(({ fn }) => fn.countAll<number>().as("n"))
    .executeTakeFirst();
  await other.drop();
  expect(count?.n).toBe(0);
});
