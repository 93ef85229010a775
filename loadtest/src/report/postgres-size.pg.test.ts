import { testDatabase } from "@drawchat/testkit/postgres";
import { addSession } from "@drawchat/testkit/sessions";
import { expect, test } from "vitest";
import { PostgresWatch } from "./postgres-size.ts";

const database = await testDatabase();

test("rows of a run are counted, and their bytes told where there are enough of them", async () => {
  const session = await addSession(database.db);
  const watch = new PostgresWatch(database.url);
  await watch.start();
  await database.pool.query(
    "insert into live_chat_likes (session_id, user_id, created_at) select $1, n, now() from generate_series(1, 2000) n",
    [session.id],
  );
  const figures = new Map((await watch.finish()).map(({ name, value }) => [name, value]));
  expect(figures.get("postgres.likes.rows")).toBe(2_000);
  expect(figures.get("postgres.likes.rowBytes")).toBeGreaterThan(40);
  expect(figures.get("postgres.likes.rowBytes")).toBeLessThan(400);
  expect(figures.get("postgres.messages.rows")).toBe(0);
  expect(figures.has("postgres.messages.rowBytes")).toBe(false);
});
