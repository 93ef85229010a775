/** The examples in the description are calls that work: each is made here, and answers what its schema and itself say. */

import type { Role } from "@drawchat/auth/claims";
import { flushAll } from "@drawchat/testkit/redis-nodes";
import type Type from "typebox";
import Value from "typebox/value";
import { expect, test } from "vitest";
import { CONVERSATION_EXAMPLES } from "./conversation-examples.ts";
import { testApi, testStores } from "./test-api.ts";

const stores = await testStores();
const { call, redis } = await testApi(stores);
const CALLERS: Record<string, { user: number; roles: Role[] }> = {
  ann: { user: 7, roles: [] },
  ben: { user: 21, roles: ["agent"] },
  cleo: { user: 30, roles: ["admin"] },
};
for (const [username, caller] of Object.entries(CALLERS)) {
  await call("GET /users/me", caller);
  await call(`PATCH /users/${caller.user}`, { ...caller, body: { username, profile_pic: `https://example.com/${username}.png` } });
}

// The world of the examples: conversation 99 between ann and ben, with ann's question in the record.
await stores.database.pool.query("ALTER TABLE conversations ALTER COLUMN id RESTART WITH 99");
const question = Object(CONVERSATION_EXAMPLES["GET /conversations/{id}/messages/{message_id}"]?.answer);
await call("POST /conversations", { ...CALLERS.ann, body: { client_id: crypto.randomUUID(), title: "My ticket" } });
await call("PATCH /conversations/99", { ...CALLERS.ben, body: { assignee_id: 21 } });
const { message_type, attachment, ...columns } = question;
await stores.database.db
  .insertInto("conversation_messages")
  .values({ ...columns, is_note: false, client_id: crypto.randomUUID(), attachment: null, last_event_id: question.id })
  .execute();
await stores.database.db
  .updateTable("conversations")
  .set({ last_message_id: question.id, last_event_id: question.id, last_activity_at: question.created_at })
  .execute();
await flushAll(redis);

interface Described {
  paths: Record<
    string,
    Record<string, { tags: string[]; responses: Record<string, { content?: Record<string, { schema: Type.TSchema }> }> }>
  >;
}

const { paths } = (await call("GET /openapi.json", { user: 0 })).body as Described;
const described = new Map<string, Described["paths"][string][string]>(
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const),
  ),
);

/** Every field by its path, the items of lists as one. */
function fieldsOf(value: unknown, at = ""): string[] {
  if (Array.isArray(value)) return [...new Set(value.flatMap((item) => fieldsOf(item, `${at}[]`)))];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, field]) => [`${at}.${name}`, ...fieldsOf(field, `${at}.${name}`)]);
}

test("there is an example for every call about conversations", () => {
  const calls = [...described].filter(([, { tags }]) => tags.includes("conversations")).map(([name]) => name);
  expect(new Set(Object.keys(CONVERSATION_EXAMPLES))).toEqual(new Set(calls));
});

test.each(Object.entries(CONVERSATION_EXAMPLES))("%s answers as its example", async (name, { as, url, body, answer }) => {
  const response = await call(`${name.split(" ")[0]} ${url}`, { ...CALLERS[as], body });
  expect(`${response.status} ${response.text}`).toMatch(/^2/);
  const { content } = described.get(name)?.responses[String(response.status)] ?? {};
  expect(new Set(fieldsOf(response.body))).toEqual(new Set(fieldsOf(answer)));
  for (const { schema } of Object.values(content ?? {})) expect([...Value.Errors(schema, response.body ?? null)]).toEqual([]);
});
