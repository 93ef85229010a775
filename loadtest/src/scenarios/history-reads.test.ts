import { expect, test } from "vitest";
import { readsBetween } from "./history-reads.ts";

test("only gateways that answered before and after are counted, and none is no figure", () => {
  const before = new Map([
    ["gateway-1", 5],
    ["gateway-2", 700],
  ]);
  expect(readsBetween(before, new Map([["gateway-1", 8]]))).toBe(3);
  expect(readsBetween(new Map([["gateway-1", 5]]), new Map([...before, ["gateway-1", 5]]))).toBe(0);
  expect(readsBetween(before, new Map([["gateway-2", 4]]))).toBe(4); // started anew
  expect(readsBetween(before, new Map([["gateway-3", 4]]))).toBeUndefined();
});
