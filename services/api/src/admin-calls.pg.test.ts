/** What only admins may do, whatever it is about. */
import { publishControl, readControl } from "@drawchat/redis/control";
import { expect, test } from "vitest";
import { testApi, testStores } from "./test-api.ts";

const { call, redis } = await testApi(await testStores());
const admin = { roles: ["admin" as const], user: 99 };

const calls = [
  "POST /live-chat/sessions",
  "GET /live-chat/sessions",
  "POST /live-chat/sessions/1/close",
  "POST /live-chat/sessions/1/cancel",
  "PATCH /live-chat/sessions/1",
  "PUT /live-chat/sessions/1/winners/1",
  "POST /live-chat/users/1/disconnect",
];

test.each(calls)("%s is 403 for everybody else", async (request) => {
  expect((await call(request)).body).toMatchObject({ status: 403, code: "forbidden" });
  expect((await call(request, { roles: ["moderator", "host", "agent"] })).status).toBe(403);
});

test("ending a user's sockets reaches every gateway", async () => {
  const before = await publishControl(redis, { type: "end_user", user_id: 1, code: 4503, reason: "before" });
  expect((await call("POST /live-chat/users/42/disconnect", admin)).status).toBe(204);
  const [entry] = await readControl(redis, before);
  expect(entry?.command).toMatchObject({ type: "end_user", user_id: 42, code: 4503 });
});
