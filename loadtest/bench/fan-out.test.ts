import { expect, test } from "vitest";
import { climb } from "./fan-out.ts";

/** What is tried of somebody who holds so many messages a second. */
async function climbTo(limit: number, first = 100) {
  const tried: number[] = [];
  const { held, endedBy } = await climb({ first, most: 1_000 }, async (messagesPerSecond) => {
    tried.push(Math.round(messagesPerSecond));
    return { turn: { messagesPerSecond }, problem: messagesPerSecond > limit ? "p99 400 ms" : undefined };
  });
  return { held: held && Math.round(held.messagesPerSecond), endedBy, tried };
}

test("a limit is looked for in large steps, then in a small one", async () => {
  expect(await climbTo(200)).toEqual({ held: 183, endedBy: "p99 400 ms", tried: [100, 150, 225, 183] });
  expect(await climbTo(5_000)).toMatchObject({ held: 759, endedBy: "" });
});

test("who does not hold the first rate is asked for less until it does", async () => {
  expect(await climbTo(30)).toEqual({ held: 25, endedBy: "p99 400 ms", tried: [100, 50, 25, 31] });
  expect(await climbTo(0)).toEqual({ held: undefined, endedBy: "p99 400 ms", tried: [100, 50, 25, 13, 6, 3, 2, 1] });
});
