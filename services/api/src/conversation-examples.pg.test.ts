/** The examples in the description are calls that work: each is made here, and answers what its schema and itself say. */
import type { Role } from "@drawchat/auth/claims";
import type Type from "typebox";
import Value from "typebox/value";
import { expect, test } from "vitest";
import { CONVERSATION_EXAMPLES } from "./conversation-examples.ts";
import { testApi, testStores } from "./test-api.ts";

const stores = await testStores();
const { call } = await testApi(stores);
const CALLERS: Record<string, { user: number; roles: Role[] }> = {
  ann: { user: 7, roles: [] },
  ben: { user: 21, roles: ["agent"] },
  cleo: { user: 30, roles: ["admin"] },
};
for (const [username, caller] of Object.entries(CALLERS)) {
  await call("GET /users/me", caller);
  await call(`PATCH /users/${caller.user}`, { ...caller, body: { username, profile_pic: `https://example.com/${username}.png` } });
}

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
  const [status, { content } = {}] = Object.entries(described.get(name)?.responses ?? {}).find(([code]) => code.startsWith("2")) ?? [];
  expect(`${response.status} ${response.text}`).toMatch(new RegExp(`^${status} `));
  expect(new Set(fieldsOf(response.body))).toEqual(new Set(fieldsOf(answer)));
  for (const { schema } of Object.values(content ?? {})) expect([...Value.Errors(schema, response.body ?? null)]).toEqual([]);
});
