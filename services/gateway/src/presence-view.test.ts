import { beforeEach, expect, test } from "vitest";
import { PresenceView } from "./presence-view.ts";

let told: [userId: number, state: string, lastSeenMs: number | undefined][];
let view: PresenceView;
beforeEach(() => {
  told = [];
  view = new PresenceView((userId, state, lastSeenMs) => told.push([userId, state, lastSeenMs]));
});

const change = (gatewayId: string, follows: number, users: [number, "online" | "away" | "offline"][]) => ({
  gatewayId,
  follows,
  version: follows + 1,
  atMs: 5_000,
  users: new Map(users),
});

test("a user is online where any gateway says so, away where all who have them do, else offline", () => {
  view.replace("g1", 1, new Map([[7, "away"]]), 0);
  view.replace("g2", 1, new Map([[7, "online"]]), 0);
  expect(view.stateOf(7)).toBe("online");
  view.set("g2", 7, "away");
  expect(view.stateOf(7)).toBe("away");
  view.set("g1", 7, "offline", 1_000);
  view.set("g2", 7, "offline", 2_000);
  expect(told).toEqual([
    [7, "away", undefined],
    [7, "online", undefined],
    [7, "away", undefined],
    [7, "offline", 2_000],
  ]);
});

test("changes are taken one after another, each once; one that does not follow is not", () => {
  view.replace("g1", 10, new Map(), 0);
  expect(view.apply(change("g1", 10, [[7, "online"]]))).toBe(true);
  expect(view.apply(change("g1", 10, [[7, "away"]]))).toBe(true);
  expect(view.apply(change("g1", 12, [[7, "away"]]))).toBe(false);
  expect(view.apply(change("g2", 1, [[7, "away"]]))).toBe(false);
  expect(view.apply({ ...change("g3", 1, []), follows: undefined })).toBe(false);
  expect([view.versionOf("g1"), view.versionOf("g2"), view.stateOf(7)]).toEqual([11, undefined, "online"]);
  expect(view.apply(change("g1", 11, [[7, "offline"]]))).toBe(true);
  expect(told).toEqual([
    [7, "online", undefined],
    [7, "offline", 5_000],
  ]);
});

test("a list that is read anew tells only of whom it changes", () => {
  view.replace("g1", 1, new Map([[7, "online"]]), 0);
  view.replace(
    "g1",
    2,
    new Map([
      [8, "away"],
      [7, "online"],
    ]),
    0,
  );
  view.replace("g1", 9, new Map([[8, "online"]]), 3_000);
  expect(told).toEqual([
    [7, "online", undefined],
    [8, "away", undefined],
    [7, "offline", 3_000],
    [8, "online", undefined],
  ]);
});

test("with a gateway its users are gone, but for those whom another has too", () => {
  view.replace(
    "g1",
    1,
    new Map([
      [7, "online"],
      [8, "online"],
    ]),
    0,
  );
  view.replace("g2", 1, new Map([[8, "away"]]), 0);
  told = [];
  view.drop("g1", 4_000);
  view.drop("g1", 4_000);
  expect(told).toEqual([
    [7, "offline", 4_000],
    [8, "away", undefined],
  ]);
  expect(view.versionOf("g1")).toBeUndefined();
});
