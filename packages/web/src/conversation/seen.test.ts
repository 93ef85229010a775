import type { MemberInfo } from "@drawchat/protocol/conversations";
import { expect, test } from "vitest";
import { seenBy } from "./seen.ts";
import type { Item } from "./thread.ts";

function message(id: number, userId: number, more: { isNote?: boolean } = {}): Item {
  const person = { userId, username: `user ${userId}`, profilePic: null, role: "customer" as const, isMine: false };
  const shown = { key: `m${id}`, id, ...person, text: "", attachment: null, at: 0, isNote: false, isDeleted: false, isEdited: false };
  return { kind: "message", key: `m${id}`, startsGroup: true, message: { ...shown, ...more, mark: undefined, failed: undefined } };
}

function reader(userId: number, readUpto: number, more: Partial<MemberInfo> = {}): MemberInfo {
  return { user_id: userId, role: "agent", read_upto: readUpto, presence: "online", ...more };
}

const ITEMS = [message(1, 10), message(2, 20), message(3, 10, { isNote: true }), message(4, 10)];
const nameOf = (userId: number) => (userId === 99 ? undefined : `user ${userId}`);

test("a reader is named under the last message that they have read, notes apart", () => {
  expect([...seenBy(ITEMS, [reader(30, 3), reader(40, 4), reader(50, 9)], nameOf)]).toEqual([
    ["m2", ["user 30"]],
    ["m4", ["user 40", "user 50"]],
  ]);
});

test("who has answered since, who is a bot, who read nothing and who is not known is not named", () => {
  const readers = [reader(20, 1), reader(30, 4, { role: "bot" }), reader(40, 0), reader(99, 4)];
  expect([...seenBy(ITEMS, readers, nameOf)]).toEqual([]);
});
