import { createLog } from "@drawchat/runtime/log";
import { expect, test } from "vitest";
import { Ledger } from "./ledger.ts";

test("a history that cannot be read at the end costs the run that hop alone, and a note says so", async () => {
  const history = { url: "http://127.0.0.1:1", token: "t", retryWithinMs: 1 };
  const ledger = await Ledger.start({ run: 7, rooms: ["s1"], log: createLog("test", "silent"), history });
  const { isClean, rooms } = await ledger.finish([]);
  expect(isClean).toBe(true);
  expect(rooms[0]?.hops.find(({ hop }) => hop === "stored")).toMatchObject({ isObserved: false });
  expect(ledger.notes).toEqual([expect.stringMatching(/^what is stored of room s1 could not be read to its end and is not watched: /)]);
});

test("where not everything has come in time a note says so, for whichever scenario asks", async () => {
  const ledger = await Ledger.start({ run: 7, rooms: ["s1"], log: createLog("test", "silent") });
  expect(await ledger.settle(async () => 1, 1)).toBe(false);
  expect(ledger.notes).toEqual([expect.stringMatching(/^not everything had come within .* s of the last answer/)]);
});
