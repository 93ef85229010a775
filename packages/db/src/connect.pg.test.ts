import { testDatabase } from "@drawchat/testkit/postgres";
import { expect, test } from "vitest";
import { connectDatabase } from "./connect.ts";

const { url } = await testDatabase();

async function timeoutsOf(statementTimeoutMs?: number): Promise<unknown> {
  const options = { url, maxConnections: 1, applicationName: "test", onError: () => undefined };
  const database = connectDatabase(statementTimeoutMs === undefined ? options : { ...options, statementTimeoutMs });
  const { rows } = await database.pool.query("SELECT current_setting('statement_timeout') AS statement");
  await database.close();
  return rows;
}

test("a statement has 5 s, or what is asked for; a migration has no limit", async () => {
  expect(await timeoutsOf()).toEqual([{ statement: "5s" }]);
  expect(await timeoutsOf(60_000)).toEqual([{ statement: "1min" }]);
  expect(await timeoutsOf(0)).toEqual([{ statement: "0" }]);
});
