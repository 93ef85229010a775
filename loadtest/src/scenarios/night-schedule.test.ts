import { createHash } from "node:crypto";
import { cleanText, LIVE_CHAT_TEXT } from "@drawchat/protocol/text";
import { expect, test } from "vitest";
import { loadText } from "../generator/load-text.ts";
import type { Act } from "../generator/timeline.ts";
import { phaseNamed } from "./night-phases.ts";
import { type NightOptions, planNight, TYPICAL_NIGHT } from "./night-schedule.ts";

const SMALL: NightOptions = { ...TYPICAL_NIGHT, seed: 7, viewers: 2_000, rooms: 4, seconds: 100 };

function ofKind<K extends Act["does"]>(timeline: readonly Act[], does: K): Extract<Act, { does: K }>[] {
  return timeline.filter((act): act is Extract<Act, { does: K }> => act.does === does);
}

const fingerprint = (options: NightOptions) =>
  createHash("sha256")
    .update(JSON.stringify(planNight(options)))
    .digest("hex");

test("the same seed plans the same night, to the byte and the millisecond, also in a later version of the tool", () => {
  expect(fingerprint(SMALL)).toBe(fingerprint(SMALL));
  expect(fingerprint({ ...SMALL, viewers: 100, rooms: 2, seconds: 10 })).toBe(
    "f8bf713bbf10fd95af22c60e2534bbbfe739f3c95e50dc678a87b7919cec0790",
  );
});

test("another seed plans another night", () => {
  expect(fingerprint({ ...SMALL, seed: 8 })).not.toBe(fingerprint(SMALL));
});

test("more likes do not move the messages", () => {
  const sayings = (options: NightOptions) => ofKind(planNight(options).timeline, "say");
  expect(sayings({ ...SMALL, messageLikesPerViewer: 3 })).toEqual(sayings(SMALL));
});

test("what is planned adds up to what was asked for", () => {
  const { timeline } = planNight(SMALL);
  const joins = ofKind(timeline, "connect");
  expect(joins).toHaveLength(2_000);
  expect(new Set(joins.map(({ socket }) => socket)).size).toBe(2_000);
  expect(joins.filter(({ version }) => version === 1)).toHaveLength(500);
  for (const room of [0, 1, 2, 3]) expect(joins.filter((join) => join.room === room)).toHaveLength(500);
  expect(ofKind(timeline, "drop")).toHaveLength(200);
  expect(ofKind(timeline, "leave")).toHaveLength(1_900);
  const likes = ofKind(timeline, "like");
  expect(likes.filter(({ of }) => of === undefined)).toHaveLength(600);
  // 600 at the draw; 200 chatters of 4 on average: five standard deviations.
  expect(Math.abs(ofKind(timeline, "say").length - 600 - 800)).toBeLessThan(5 * Math.sqrt(800));
  expect(Math.abs(likes.length - 600 - 750)).toBeLessThan(5 * Math.sqrt(750));
});

test("doors fill slowly, fast, slowly, and everybody is in before the draw", () => {
  const { timeline, phases } = planNight(SMALL);
  const doors = phaseNamed(phases, "doors open");
  const perTenth = new Array<number>(10).fill(0);
  for (const { atMs } of ofKind(timeline, "connect")) {
    const tenth = Math.min(9, Math.floor((10 * atMs) / doors.untilMs));
    perTenth[tenth] = (perTenth[tenth] ?? 0) + 1;
  }
  const [first = 0, , , , middle = 0, , , , , last = 0] = perTenth;
  expect(middle).toBeGreaterThan(3 * first);
  expect(middle).toBeGreaterThan(3 * last);
  expect(perTenth.reduce((sum, count) => sum + count, 0)).toBe(2_000);
});

test("those who are moved by the draw write within seconds of it", () => {
  const { timeline, phases } = planNight(SMALL);
  const { fromMs } = phaseNamed(phases, "draw");
  const within = (ms: number) => ofKind(timeline, "say").filter(({ atMs }) => atMs >= fromMs && atMs < fromMs + ms).length;
  expect(within(8_000)).toBeGreaterThan(600);
  expect(within(2_000)).toBeGreaterThan(300);
});

test("nobody acts before they are in, or after they left", () => {
  const { timeline } = planNight(SMALL);
  const states = new Map<number, "in" | "gone">();
  for (const act of timeline) {
    const state = states.get(act.socket);
    expect(state).toBe(act.does === "connect" ? undefined : "in");
    states.set(act.socket, act.does === "leave" ? "gone" : "in");
  }
  expect(timeline.every(({ atMs }) => Number.isInteger(atMs) && atMs >= 0 && atMs <= 100_000)).toBe(true);
  expect(timeline.map(({ atMs }) => atMs)).toEqual(timeline.map(({ atMs }) => atMs).toSorted((a, b) => a - b));
});

test("likes are of version 2, and of messages that were said in the same room before", () => {
  const { timeline } = planNight(SMALL);
  const joins = new Map(ofKind(timeline, "connect").map((join) => [join.socket, join]));
  const said = new Map<number, number[]>();
  for (const act of timeline) {
    if (act.does === "say") said.set(act.socket, [...(said.get(act.socket) ?? []), act.atMs]);
    if (act.does !== "like") continue;
    expect(joins.get(act.socket)?.version).toBe(2);
    if (act.of === undefined) continue;
    expect(joins.get(act.of.sender)?.room).toBe(joins.get(act.socket)?.room);
    expect(said.get(act.of.sender)?.[act.of.n]).toBeLessThan(act.atMs);
  }
});

test("every line is taken by the chat with a mark in front, and lines are as mixed as people write them", () => {
  const lines = ofKind(planNight(SMALL).timeline, "say").map(({ words }) => words);
  const mark = loadText({ run: 2 ** 32 - 1, sender: 2 ** 32 - 1, n: 2 ** 32 - 1, sentUs: Number.MAX_SAFE_INTEGER, bytes: 0 });
  for (const words of lines) expect(cleanText(`${mark} ${words}`, LIVE_CHAT_TEXT)).toEqual({ ok: true, text: `${mark} ${words}` });
  const share = (isSuch: (words: string) => boolean) => lines.filter(isSuch).length / lines.length;
  expect(share((words) => /\p{Extended_Pictographic}/u.test(words))).toBeGreaterThan(0.1);
  expect(share((words) => /[\u0370-\uffff]/.test(words))).toBeGreaterThan(0.2);
  expect(share((words) => words.length > 150)).toBeGreaterThan(0.03);
  expect(share((words) => words.length < 30)).toBeGreaterThan(0.6);
});
