import { SearchPage } from "@drawchat/protocol/conversations-rest";
import { beforeAll, expect, test } from "vitest";
import { conversationWorld, person } from "../test/conversation-world.ts";
import { type Call, testStores } from "./test-api.ts";

const stores = await testStores();
const world = await conversationWorld(stores);
const { call, ask, begin, say, note, store } = world;
const [ANN, BEN, DAVE] = [person(1), person(2, "agent"), person(4)];

async function keep(by: Call, conversationId: number, ...texts: string[]): Promise<void> {
  for (const text of texts) await store(await say(by, conversationId, text));
}

const find = async (by: Call, query: string) =>
  (await ask(SearchPage, `GET /search?${query}`, by)).hits.map(({ message, conversation_title }) => [message.message, conversation_title]);

beforeAll(async () => {
  const mine = await begin(ANN, { title: "Tickets" });
  await keep(ANN, mine.id, "the blue ticket", "the green ticket is here", "Ticket blue again");
  await store(await note(BEN, mine.id, "a ticket note"));
  await keep(DAVE, (await begin(DAVE)).id, "my ticket is red");
});

test("finds words in one's own conversations, newest first", async () => {
  expect(await find(ANN, "q=TICKET")).toEqual([
    ["Ticket blue again", "Tickets"],
    ["the green ticket is here", "Tickets"],
    ["the blue ticket", "Tickets"],
  ]);
  expect(await find(DAVE, "q=ticket")).toEqual([["my ticket is red", null]]);
});

test("finds phrases, alternatives and what is without a word", async () => {
  expect((await find(ANN, `q=${encodeURIComponent('"green ticket"')}`)).length).toBe(1);
  expect((await find(ANN, "q=green+or+again")).length).toBe(2);
  expect((await find(ANN, "q=ticket+-blue")).length).toBe(1);
  expect(await find(ANN, `q=${encodeURIComponent("!!! & | <->")}`)).toEqual([]);
});

test("finds everything for agents, notes too, and notes for nobody else", async () => {
  expect((await find(BEN, "q=ticket")).length).toBe(5);
  expect(await find(BEN, "q=note")).toEqual([["a ticket note", "Tickets"]]);
  expect(await find(ANN, "q=note")).toEqual([]);
});

test("goes back page by page", async () => {
  const first = await ask(SearchPage, "GET /search?q=ticket&limit=2", ANN);
  expect(first.hits).toHaveLength(2);
  const last = await ask(SearchPage, `GET /search?q=ticket&limit=2&before=${first.next_before}`, ANN);
  expect([last.hits.length, last.next_before]).toEqual([1, null]);
});

test("does not find what was deleted, or was said in a conversation that one left", async () => {
  const left = await begin(ANN);
  const message = await say(ANN, left.id, "unique pineapple");
  await store(message);
  expect((await find(ANN, "q=pineapple")).length).toBe(1);
  await stores.database.db
    .updateTable("conversation_messages")
    .set({ deleted_at: new Date(), message: "unique pineapple" })
    .where("id", "=", message.id)
    .execute();
  expect(await find(BEN, "q=pineapple")).toEqual([]);
  const late = await say(ANN, left.id, "late pineapple");
  await store(late);
  expect((await call(`DELETE /conversations/${left.id}/messages/${late.id}`, ANN)).status).toBe(204);
  expect(await find(ANN, "q=pineapple")).toEqual([]); // Postgres has it still
  await keep(ANN, left.id, "papaya");
  await call(`DELETE /conversations/${left.id}/participants/1`, ANN);
  expect(await find(ANN, "q=papaya")).toEqual([]);
});

test.each(["", "q=", "q=%20", `q=${"x".repeat(201)}`, "q=a&q=b", "q=a&limit=0", "q=a&limit=101", "q=a&before=x"])(
  "?%s is 400",
  async (query) => {
    expect((await call(`GET /search?${query}`, ANN)).status).toBe(400);
  },
);
