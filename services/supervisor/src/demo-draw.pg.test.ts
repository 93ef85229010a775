import { closeSession } from "@drawchat/db/session-changes";
import { findSession } from "@drawchat/db/sessions";
import { testDatabase } from "@drawchat/testkit/postgres";
import { addSession } from "@drawchat/testkit/sessions";
import { expect, test } from "vitest";
import { openDemoDraw } from "./demo-draw.ts";

const MINUTE_MS = 60_000;
const { db } = await testDatabase();

test("a session with less than 30 minutes left is not taken for the demo draw", async () => {
  const ending = await addSession(db, { opensInMs: -90 * MINUTE_MS, drawInMs: -31 * MINUTE_MS, closesInMs: 29 * MINUTE_MS });
  const id = await openDemoDraw(db, "UTC");
  expect(id).not.toBe(ending.id);
  const opened = await findSession(db, id);
  expect(opened?.closesAtMs).toBeGreaterThan(Date.now() + 80 * MINUTE_MS);
});

test("the next start takes the one that is there, and opens another when it is closed", async () => {
  const id = await openDemoDraw(db, "UTC");
  expect(await openDemoDraw(db, "UTC")).toBe(id);
  await closeSession(db, id);
  expect(await openDemoDraw(db, "UTC")).not.toBe(id);
});
