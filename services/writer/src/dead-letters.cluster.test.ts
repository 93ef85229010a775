import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { roomNumber } from "@drawchat/protocol/ids";
import { testDatabase } from "@drawchat/testkit/postgres";
import { testRedis } from "@drawchat/testkit/redis";
import { afterAll, expect, test } from "vitest";
import { createStage, openRoom, say, storeNext } from "../test/stage.ts";

const server = await testRedis();
const database = await testDatabase();
const stage = await createStage(server.url, database);
afterAll(() => stage.close());

async function deadLetters(...args: string[]): Promise<string> {
  const cli = fileURLToPath(new URL("./dead-letters-cli.ts", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [cli, ...args], { env: { DATABASE_URL: database.url } });
  return stdout;
}

test("a dead letter can be listed, stored after its cause was mended, and dropped", async () => {
  const room = await openRoom(stage.redis, database);
  const long = await say(stage.acceptor, room, { user: 4, text: "x".repeat(501) });
  const nul = await say(stage.acceptor, room, { rawText: '"\\u0000"' });
  await storeNext(stage, room);

  const listed = await deadLetters("list");
  expect(listed).toMatch(
    new RegExp(`^${long} \\| .* \\| ${room} \\| m \\| 4 \\| 23514 \\| new row .*\n${nul} .*22021.*\n2 dead letters\n$`),
  );
  expect(listed).not.toContain("xxx");

  await database.pool.query("ALTER TABLE live_chat_messages DROP CONSTRAINT live_chat_messages_message_check");
  expect(await deadLetters("retry", "all")).toBe("2 dead letters, 1 stored\n");
  const { rows } = await database.pool.query<{ id: number }>("SELECT id FROM live_chat_messages WHERE session_id = $1", [roomNumber(room)]);
  expect(rows).toEqual([{ id: long }]);

  expect(await deadLetters("drop", String(nul))).toBe("1 dead letter, dropped\n");
  expect(await deadLetters("list")).toBe("0 dead letters\n");
});

test("a command that is not one says how it is used", async () => {
  await expect(deadLetters("retry")).rejects.toMatchObject({ code: 78, stderr: expect.stringContaining("usage: npm run -s dead-letters") });
});
