import type { OwnMessage } from "@drawchat/client/outbox";
import type { ConversationMessage } from "@drawchat/protocol/conversations";
import { firstIdOfMs } from "@drawchat/protocol/ids";
import { expect, test } from "vitest";
import { type Item, Thread } from "./thread.ts";

const ME = { userId: 1, username: "ann", profilePic: null, role: "agent" as const };
const NOON = Date.UTC(2026, 5, 1, 12);
const at = (minutes: number) => firstIdOfMs(NOON + minutes * 60_000);

function message(minutes: number, text: string, more: Partial<ConversationMessage> = {}): ConversationMessage {
  const person = { user_id: 2, username: "bob", profile_pic: null, role: "customer" as const };
  const rest = { message_type: "text" as const, attachment: null, edited_at: null, deleted_at: null };
  const created_at = new Date(NOON + minutes * 60_000).toISOString();
  return { id: at(minutes), conversation_id: 9, ...person, message: text, ...rest, created_at, ...more };
}

const note = (minutes: number, text: string) =>
  message(minutes, text, { message_type: "note", user_id: 1, username: "ann", role: "agent" });

function own(clientId: string, text: string, more: Partial<OwnMessage> = {}): OwnMessage {
  return { clientId, text, createdAt: NOON, status: { state: "pending" }, ...more };
}

/** Without days. */
function told(thread: Thread, unreadFrom?: number): string[] {
  return thread.items(unreadFrom).flatMap((item) => tell(item));
}

function tell(item: Item): string[] {
  if (item.kind === "day") return [];
  if (item.kind === "unread") return ["---"];
  if (item.kind === "member") return [`${item.username} ${item.joined ? "came" : "went"}`];
  return [item.message.text];
}

test("messages, notes and comings stand in the order of their ids", () => {
  const thread = new Thread(ME, { hasNotes: true });
  thread.add(message(1, "one"));
  thread.add(message(4, "four"));
  thread.add(note(2, "two"));
  thread.addOlder([], true);
  thread.addMember({ type: "member", id: at(3), user_id: 5, username: "eve", role: "agent", joined: true });
  expect(told(thread)).toEqual(["one", "two", "eve came", "four"]);
});

test("what is older is shown only as far as both rooms are known", () => {
  const thread = new Thread(ME, { hasNotes: true });
  expect(thread.floor).toBe(Number.POSITIVE_INFINITY);
  thread.add(message(5, "five"));
  expect(told(thread)).toEqual(["five"]); // the other room has told nothing yet
  thread.add(note(1, "one"));
  expect([told(thread), thread.floor]).toEqual([["five"], at(5)]);
  thread.addOlder([note(1, "one"), message(3, "three")], false);
  expect([told(thread), thread.floor]).toEqual([["one", "three", "five"], at(1)]);
  thread.addOlder([message(0, "zero")], true);
  expect([told(thread), thread.floor]).toEqual([["zero", "one", "three", "five"], 0]);
});

test("where there are no notes to be seen only the talk counts", () => {
  const thread = new Thread(ME, { hasNotes: false });
  thread.add(message(5, "five"));
  expect(thread.floor).toBe(at(5));
});

test("a page brings nothing twice, and nothing older than an edit that came meanwhile", () => {
  const thread = new Thread(ME, { hasNotes: true });
  thread.add(message(5, "five"));
  thread.replace(message(5, "five, edited"));
  thread.addOlder([message(4, "four"), message(5, "five")], true);
  expect(told(thread)).toEqual(["four", "five, edited"]);
});

test("a deleted message keeps its place without its text", () => {
  const thread = new Thread(ME, { hasNotes: true });
  thread.add(message(1, "one"));
  thread.remove(at(1), NOON);
  const items = thread.items();
  expect(items.at(-1)).toMatchObject({ kind: "message", message: { text: "", isDeleted: true } });
});

test("an own message is one item from sending to stored, whichever half comes first", () => {
  for (const acknowledgesFirst of [true, false]) {
    const thread = new Thread(ME, { hasNotes: true });
    thread.add(message(1, "one"));
    thread.setOwn("talk", own("a", "mine "));
    const shown = message(2, "mine", { user_id: 1 });
    const acknowledged = own("a", "mine ", { id: at(2), status: { state: "accepted" } });
    if (acknowledgesFirst) thread.setOwn("talk", acknowledged);
    else thread.add(shown);
    expect(told(thread).map((text) => text.trim())).toEqual(["one", "mine"]);
    if (acknowledgesFirst) thread.add(shown);
    else thread.setOwn("talk", acknowledged);
    thread.setOwn("talk", own("a", "mine ", { id: at(2), status: { state: "stored" } }));
    expect(thread.items().at(-1)).toMatchObject({ key: "a", message: { text: "mine", mark: "stored" } });
    expect(told(thread)).toEqual(["one", "mine"]);
  }
});

test("the same words from another tab are a message of their own once the acknowledgement tells", () => {
  const thread = new Thread(ME, { hasNotes: false });
  thread.setOwn("talk", own("a", "hello"));
  thread.add(message(1, "hello", { user_id: 1 }));
  thread.setOwn("talk", own("a", "hello", { id: at(2), status: { state: "accepted" } }));
  thread.add(message(2, "hello", { user_id: 1 }));
  const shown = thread.items().flatMap((item) => (item.kind === "message" ? [[item.key, item.message.mark]] : []));
  expect(shown).toEqual([
    [`m${at(1)}`, undefined],
    ["a", "sent"],
  ]);
});

test("after a reset own messages that are not settled stay", () => {
  const thread = new Thread(ME, { hasNotes: true });
  thread.add(message(1, "one"));
  thread.setOwn("talk", own("a", "mine"));
  thread.add(note(2, "two"));
  thread.reset("talk");
  expect(told(thread)).toEqual(["two", "mine"]);
  expect(thread.floor).toBe(Number.POSITIVE_INFINITY);
});

test("a page that came before the room stays where the room's latest messages reach down to it, and goes where they do not", () => {
  for (const [latest, expected] of [
    [
      [3, 4],
      ["1", "2", "3", "4"],
    ],
    [
      [4, 5],
      ["4", "5"],
    ],
    [[], ["1", "2", "3"]],
  ] as const) {
    const thread = new Thread(ME, { hasNotes: false });
    thread.addOlder([message(1, "1"), message(2, "2"), message(3, "3")], false);
    thread.beginJoin("talk");
    for (const minutes of latest) thread.add(message(minutes, String(minutes)));
    thread.endJoin("talk");
    expect(told(thread)).toEqual(expected);
    thread.add(message(9, "9"));
    expect(told(thread)).toEqual([...expected, "9"]);
  }
});

test("a line stands before the first message of others that was not read", () => {
  const thread = new Thread(ME, { hasNotes: true });
  thread.add(message(1, "one"));
  thread.add(note(2, "two"));
  thread.addOlder([], true);
  thread.add(message(3, "three"));
  thread.add(message(4, "four"));
  expect(told(thread, thread.firstUnread(at(1)))).toEqual(["one", "two", "---", "three", "four"]);
  expect(told(thread, thread.firstUnread(at(4)))).toEqual(["one", "two", "three", "four"]);
});

test("days are separated, and messages of one person close together stand under one name", () => {
  const thread = new Thread(ME, { hasNotes: true });
  for (const minutes of [0, 1, 20, 24 * 60]) thread.add(message(minutes, String(minutes)));
  thread.add(note(21, "note"));
  thread.addOlder([], true);
  const kinds = thread.items().map((item) => (item.kind === "message" ? item.startsGroup : item.kind));
  expect(kinds).toEqual(["day", true, false, true, true, "day", true]);
});

test("an unchanged message is the same object again", () => {
  const thread = new Thread(ME, { hasNotes: true });
  thread.add(message(1, "one"));
  const shown = () => thread.items().flatMap((item) => (item.kind === "message" ? [item.message] : []))[0];
  const before = shown();
  thread.add(message(2, "two"));
  expect(shown()).toBe(before);
});
