import { describe, expect, test } from "vitest";
import { ACTIONS, isAllowed, isStaff, REACH, userRoleOf } from "./policy.ts";

const ROLES = ["customer", "agent", "admin", "bot"] as const;
const STRANGER = { isMember: false };
const MEMBER = { isMember: true };
const OWN = { isMember: true, isOwn: true };

/** What each role may do to what is a stranger's, of a conversation of theirs, or their own: `-` nothing, `o` their own, `m` that too, `a` all. */
const CELLS: Readonly<Record<(typeof ACTIONS)[number], string>> = {
  "conversation.create": "a a a -",
  "conversation.create_for_others": "- a a -",
  "conversation.read": "m a a m",
  "conversation.update": "- a a -",
  "conversation.handoff": "m a a m",
  "participants.change": "- a a -",
  "participants.leave": "o o o o",
  "message.read": "m a a m",
  "message.send": "m a a m",
  "message.edit": "o o o o",
  "message.delete": "o o a o",
  "note.read": "- a a -",
  "note.send": "- a a -",
  "receipt.mark": "m m m m",
  "typing.mark": "m m m m",
  "upload.create": "m a a m",
  "upload.read": "m a a m",
  "user.list": "- a a -",
  "user.read": "m a a m",
  "user.update": "o o a o",
  "user.deactivate": "- - a -",
  search: "m a a m",
};

const ALLOWED = { "-": [false, false, false], o: [false, false, true], m: [false, true, true], a: [true, true, true] };

describe.each(ACTIONS)("%s", (action) => {
  test.each(ROLES.map((role, i) => [role, CELLS[action].split(" ")[i]]))("%s: %s", (role, cell) => {
    const allowed = [STRANGER, MEMBER, OWN].map((relation) => isAllowed(role, action, relation));
    expect(allowed).toEqual(Object.entries(ALLOWED).find(([name]) => name === cell)?.[1]);
  });
});

test("the table has every action once, and no other", () => {
  expect(Object.keys(REACH)).toEqual([...ACTIONS]);
  expect(new Set(ACTIONS).size).toBe(ACTIONS.length);
});

test("the role of a user is the highest that the token gives", () => {
  expect(userRoleOf({ roles: [] })).toBe("customer");
  expect(userRoleOf({ roles: ["host", "moderator"] })).toBe("customer");
  expect(userRoleOf({ roles: ["bot"] })).toBe("bot");
  expect(userRoleOf({ roles: ["bot", "agent"] })).toBe("agent");
  expect(userRoleOf({ roles: ["agent", "admin", "bot"] })).toBe("admin");
  expect(ROLES.filter(isStaff)).toEqual(["agent", "admin"]);
});
