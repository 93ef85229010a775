/** The user that the bot writes as. */
import { ConfigError } from "@drawchat/runtime/env";
import { sql } from "kysely";
import type { Db } from "./connect.ts";

/**
 * Makes the bot's row, or gives it the name of the settings unless it was edited by hand. Harmless to repeat, for every
 * process that needs the row. Throws a ConfigError where the id is somebody's who is no bot.
 */
export async function ensureBotUser(db: Db, { userId, name }: { userId: number; name: string }): Promise<void> {
  await db
    .insertInto("users")
    .values({ id: userId, username: name, profile_pic: null, role: "bot", last_seen_at: null })
    .onConflict((conflict) =>
      conflict
        .column("id")
        .doUpdateSet({ username: name, updated_at: sql<Date>`now()` })
        .where("users.role", "=", "bot")
        .where("users.is_edited", "=", false)
        .where("users.username", "<>", name),
    )
    .execute();
  const { role } = await db.selectFrom("users").select("role").where("id", "=", userId).executeTakeFirstOrThrow();
  if (role !== "bot") throw new ConfigError([`CONVERSATIONS_BOT_USER_ID is ${userId}, who is somebody else (${role})`]);
}
