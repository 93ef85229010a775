import type { ConversationsEvents } from "@drawchat/client/conversation-events";
import type { ListRequest } from "@drawchat/client/conversations-api";
import { Listeners } from "@drawchat/client/listeners";
import { ApiError } from "@drawchat/client/rest";
import type { Conversation, ConversationPage } from "@drawchat/protocol/conversations-rest";
import { expect, test } from "vitest";
import { type Filter, InboxList } from "./inbox-list.ts";

const ALL: Filter = { whose: "all", status: undefined, isUnread: false };
const ME = 1;

function conversation(id: number, more: Partial<Conversation> = {}): Conversation {
  const at = new Date(Date.UTC(2026, 5, 1) + id * 1_000).toISOString();
  return {
    id,
    version: 1,
    title: `title ${id}`,
    status: "open",
    snoozed_until: null,
    priority: "normal",
    labels: [],
    assignee_id: null,
    is_bot_on: true,
    created_by: 2,
    created_at: at,
    last_activity_at: at,
    last_message: null,
    unread_count: 0,
    is_participant: false,
    participants: [],
    ...more,
  };
}

/** A list whose pages the test answers, one after the other. */
function makeList(filter: Filter = ALL) {
  const listeners = new Listeners<ConversationsEvents>();
  const asked: { request: ListRequest; answer: (page: ConversationPage) => void; fail: () => void }[] = [];
  const list = new InboxList({
    api: {
      listConversations: (request = {}) =>
        new Promise((answer, reject) => asked.push({ request, answer, fail: () => reject(new ApiError(0, "offline", "no answer")) })),
      findConversation: async (id) => conversation(id, { participants: [] }),
    },
    client: { on: (name, listener) => listeners.on(name, listener) },
    myId: ME,
    filter,
    onChange: () => undefined,
  });
  const answerNext = async (conversations: Conversation[], next_before: string | null = null) => {
    asked.shift()?.answer({ conversations, next_before });
    await settled();
  };
  return { list, asked, answerNext, emit: listeners.emit.bind(listeners), ids: () => list.entries.map(({ id }) => id) };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("pages are joined in the order of activity, and end", async () => {
  const { list, asked, answerNext, ids } = makeList();
  list.start();
  await answerNext([conversation(9), conversation(8)], "cursor");
  expect([ids(), list.hasMore]).toEqual([[9, 8], true]);
  void list.loadMore();
  void list.loadMore();
  expect(asked.map(({ request }) => request.before)).toEqual(["cursor"]);
  await answerNext([conversation(7)]);
  expect([ids(), list.hasMore]).toEqual([[9, 8, 7], false]);
});

test("a change moves its conversation, and a lower version changes nothing", async () => {
  const { list, answerNext, emit, ids } = makeList();
  list.start();
  await answerNext([conversation(9), conversation(8, { version: 3 })]);
  emit("inbox", conversation(8, { version: 4, unread_count: 2, last_activity_at: "2026-07-01T00:00:00.000Z" }));
  expect(ids()).toEqual([8, 9]);
  emit("inbox", conversation(8, { version: 3, unread_count: 5 }));
  expect(list.entries[0]?.unread_count).toBe(2);
});

test("an answer that was overtaken by a change does not take it back", async () => {
  const { list, answerNext, emit, ids } = makeList();
  list.start();
  await answerNext([conversation(8), conversation(7)]);
  void list.refresh();
  emit("inbox", conversation(8, { version: 5, title: "newer" }));
  emit("inboxRemoved", 7);
  await answerNext([conversation(8, { version: 4 }), conversation(7)]);
  expect(ids()).toEqual([8]);
  expect(list.entries[0]?.title).toBe("newer");
});

test("a conversation comes in and goes as the filter has it", async () => {
  const { list, asked, answerNext, emit, ids } = makeList({ whose: "mine", status: "open", isUnread: false });
  list.start();
  expect(asked[0]?.request).toEqual({ limit: 50, assignee: ME, status: "open" });
  await answerNext([]);
  emit("inbox", conversation(9));
  expect(ids()).toEqual([]);
  emit("inbox", conversation(9, { version: 2, assignee_id: ME }));
  expect(ids()).toEqual([9]);
  emit("inbox", conversation(9, { version: 3, assignee_id: ME, status: "resolved" }));
  expect(ids()).toEqual([]);
});

test("what is older than the pages that are there waits for its page", async () => {
  const { list, answerNext, emit, ids } = makeList();
  list.start();
  await answerNext([conversation(9), conversation(8)], "cursor");
  emit("inbox", conversation(3));
  expect(ids()).toEqual([9, 8]);
});

test("another filter forgets what was asked before", async () => {
  const { list, asked, answerNext, ids } = makeList();
  list.start();
  const [first] = asked.splice(0);
  list.setFilter({ whose: "unassigned", status: undefined, isUnread: true });
  expect(asked[0]?.request).toEqual({ limit: 50, assignee: "none", unread: true });
  await answerNext([conversation(5, { unread_count: 1 })]);
  first?.answer({ conversations: [conversation(9)], next_before: null });
  await settled();
  expect(ids()).toEqual([5]);
});

test("each connect reads the list again, and a failure is told", async () => {
  const { list, asked, answerNext, emit, ids } = makeList();
  list.start();
  await answerNext([conversation(9)]);
  emit("user", { user_id: ME, username: "ann", profile_pic: null, role: "agent" });
  await answerNext([conversation(10), conversation(9)]);
  expect(ids()).toEqual([10, 9]);
  void list.refresh();
  asked.shift()?.fail();
  await settled();
  expect([ids(), list.problem]).toEqual([[10, 9], "unreachable"]);
});
