import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectDatabase } from "@drawchat/db/connect";
import { freePort } from "@drawchat/local/ports";
import { startPostgres } from "@drawchat/local/postgres";
import { afterAll, expect, test } from "vitest";

const dir = await mkdtemp(join(tmpdir(), "drawchat-test-own-postgres-"));
await chmod(dir, 0o755);
const postgres = await startPostgres({ dir, port: await freePort() });
afterAll(async () => {
  await postgres.stop();
  await rm(dir, { recursive: true, force: true });
});

async function query(statement: string): Promise<unknown[]> {
  const { pool, close } = connectDatabase({ url: postgres.url(), maxConnections: 1, applicationName: "test", onError: () => undefined });
  try {
    return (await pool.query<Record<string, unknown>>(statement)).rows;
  } finally {
    await close();
  }
}

test("what was committed survives kill -9 and a restart on the same port", async () => {
  await query("CREATE TABLE kept AS SELECT 7 AS n");
  await postgres.kill();
  await postgres.start();
  expect(await query("SELECT n FROM kept")).toEqual([{ n: 7 }]);
});

test("a pid file that names somebody else's process does not keep it from starting", async () => {
  await postgres.stop();
  const file = join(dir, "cluster", "postmaster.pid");
  await writeFile(file, `${process.pid}\n${join(dir, "cluster")}\n1\n${postgres.port}\n\n127.0.0.1\n`, { mode: 0o600 });
  await postgres.start();
  expect(Number((await readFile(file, "utf8")).split("\n", 1)[0])).not.toBe(process.pid);
});

test("a second start on the same folder stops the one left behind and keeps the data", async () => {
  const second = await startPostgres({ dir, port: postgres.port });
  expect(await query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
  await second.stop();
  await postgres.start();
});
