import { expect, test } from "vitest";
import { endAll } from "./endings.ts";

test("the newest ends first, and one that fails keeps no other from ending", async () => {
  const ended: string[] = [];
  const failing = async () => {
    ended.push("broken");
    throw new Error("it hangs");
  };
  const endings = [() => ended.push("redis"), failing, () => ended.push("gateway")];
  await expect(endAll(endings)).rejects.toThrow("it hangs");
  expect(ended).toEqual(["gateway", "broken", "redis"]);
  await endAll(endings);
  expect(ended).toHaveLength(3);
});
