/**
 * What a busy room costs the page: 50 messages a second, a processor four times slower than this machine's, first
 * following the newest line, then reading further up. Prints figures; it passes no judgement, machines differ.
 *
 *   npm run bench:page [-- --seconds 20 --rate 50 --slowdown 4]
 */

import { parseArgs } from "node:util";
import type { ChatClient } from "@drawchat/client/chat-client";
import type { Browser, Page } from "playwright-core";
import { FOLLOWED_LINES_MAX } from "../src/timeline.ts";
import { type RunningChat, withRunningChat } from "./running-chat.ts";

const SPEAKERS = 20;
const LONG_TASK_MS = 50;
const KINDS = {
  script: ["FunctionCall", "RunMicrotasks"],
  style: ["UpdateLayoutTree"],
  layout: ["Layout"],
  paint: ["PrePaint", "Paint", "Layerize", "Commit"],
};
const TEXTS = [
  "Good luck everyone!",
  "Watching from the kitchen, the whole family is here and nobody speaks.",
  "👏👏👏",
  "مساء الخير",
  "Go go go",
];

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "20" },
    rate: { type: "string", default: "50" },
    slowdown: { type: "string", default: "4" },
  },
});
const seconds = Number(values.seconds);
const rate = Number(values.rate);
const slowdown = Number(values.slowdown);

await withRunningChat({ LIVE_CHAT_MAX_MESSAGES_PER_USER_PER_MINUTE: "0", LIVE_CHAT_MESSAGE_HISTORY_LIMIT: "100" }, async (chat) => {
  const speakers = await Promise.all(Array.from({ length: SPEAKERS }, (_, n) => chat.join({ userId: 100 + n, username: `speaker ${n}` })));
  const stopTalking = talk(speakers);
  await speakers[0]?.send("so that the last hundred are there").settled;
  const page = await enter(chat);
  tell(`${rate} messages a second, processor slowed down ${slowdown} times, ${seconds} s each`);
  await trace(chat.browser, page, "joining, with 100 lines of history", async () => {
    await page.reload();
    await page.locator(".line").nth(99).waitFor();
    return `${await page.locator(".line").count()} lines in the page`;
  });
  await page
    .locator(".line")
    .nth(FOLLOWED_LINES_MAX - 1)
    .waitFor();
  await trace(chat.browser, page, "following the newest line", () => watch(page));
  await page
    .locator(".line")
    .nth(FOLLOWED_LINES_MAX - 1)
    .waitFor(); // after a long pause of this machine the lines are drawn anew, a few at a time
  await page.locator(".scroll").evaluate((box) => box.scrollTo({ top: box.scrollHeight - 3 * box.clientHeight }));
  await page.locator(".to-end").waitFor();
  await trace(chat.browser, page, "reading further up", () => watch(page));
  stopTalking();
  for (const speaker of speakers) speaker.stop();
});

/** Everybody in turn; returns what stops it. */
function talk(speakers: readonly ChatClient[]): () => void {
  const begin = performance.now();
  let said = 0;
  const timer = setInterval(() => {
    for (const due = ((performance.now() - begin) / 1_000) * rate; said < due; said += 1) {
      speakers[said % speakers.length]?.send(`${TEXTS[said % TEXTS.length]} (${said})`);
    }
  }, 10);
  return () => clearInterval(timer);
}

async function enter(chat: RunningChat): Promise<Page> {
  const page = await (await chat.browser.newContext({ viewport: { width: 390, height: 760 } })).newPage();
  await page.goto(chat.url);
  await page.getByLabel("Your name").fill("Reader");
  await page.getByRole("button", { name: "Join the chat" }).click();
  await page.locator(".line").nth(99).waitFor();
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: slowdown });
  return page;
}

/** Counts frames in the page for a while. */
async function watch(page: Page): Promise<string> {
  return await page.evaluate(async (forMs) => {
    const lines = new Set<number>();
    const begin = performance.now();
    let frames = 0;
    let longestGapMs = 0;
    for (let last = begin; last - begin < forMs; ) {
      const now = await new Promise<number>((resolve) => requestAnimationFrame(() => resolve(performance.now())));
      longestGapMs = Math.max(longestGapMs, now - last);
      last = now;
      frames += 1;
      lines.add(document.querySelectorAll(".line").length);
    }
    const perSecond = (frames / (last() / 1_000)).toFixed(0);
    function last() {
      return performance.now() - begin;
    }
    return `${frames} frames (${perSecond} a second, longest gap ${longestGapMs.toFixed(0)} ms), at most ${Math.max(...lines)} lines in the page`;
  }, seconds * 1_000);
}

async function trace(browser: Browser, page: Page, name: string, act: () => Promise<string>): Promise<void> {
  await browser.startTracing(page, { categories: ["toplevel", "disabled-by-default-devtools.timeline", "devtools.timeline"] });
  const told = await act();
  const events = mainThreadEvents(await browser.stopTracing());
  const tasks = tasksOf(events);
  const long = tasks.filter((task) => task.cpuMs > LONG_TASK_MS).length;
  const longest = tasks.reduce((most, task) => (task.cpuMs > most.cpuMs ? task : most), { cpuMs: 0, wallMs: 0 });
  const busyMs = tasks.reduce((sum, task) => sum + task.cpuMs, 0);
  tell(`${name}:`);
  tell(
    `  longest task ${longest.cpuMs.toFixed(1)} ms (by the clock ${longest.wallMs.toFixed(1)} ms), ${long} over ${LONG_TASK_MS} ms of ${tasks.length}`,
  );
  tell(
    `  of it ${Object.entries(KINDS)
      .map(([kind, names]) => `${kind} ${cpuOf(events, names).toFixed(0)} ms`)
      .join(", ")}`,
  );
  tell(`  busy ${busyMs.toFixed(0)} ms in all; ${told}`);
}

/** Processor time leaves out what other programs of this machine took. */
function tasksOf(events: readonly TraceEvent[]): { cpuMs: number; wallMs: number }[] {
  const tasks = events.filter((event) => event.name === "RunTask" && event.ph === "X");
  return tasks.map(({ tdur, dur = 0 }) => ({ cpuMs: (tdur ?? dur) / 1_000, wallMs: dur / 1_000 }));
}

/** What is inside another counts in both: a layout that a script asked for is script, too. */
function cpuOf(events: readonly TraceEvent[], names: readonly string[]): number {
  return events.reduce((sum, { name, tdur, dur = 0 }) => (names.includes(name) ? sum + (tdur ?? dur) / 1_000 : sum), 0);
}

function mainThreadEvents(traced: Buffer): TraceEvent[] {
  const { traceEvents } = JSON.parse(traced.toString("utf8"));
  const main = mainThreadOf(traceEvents);
  return traceEvents.filter((event: TraceEvent) => event.pid === main?.pid && event.tid === main.tid);
}

interface TraceEvent {
  name: string;
  ph: string;
  pid: number;
  tid: number;
  dur?: number;
  tdur?: number;
  args?: { name?: string };
}

/** Several renderers may be there: ours is the one that worked most. */
function mainThreadOf(events: readonly TraceEvent[]): TraceEvent | undefined {
  const mains = events.filter((event) => event.name === "thread_name" && event.args?.name === "CrRendererMain");
  const work = (main: TraceEvent) => events.filter((event) => event.pid === main.pid && event.tid === main.tid).length;
  return mains.toSorted((a, b) => work(b) - work(a))[0];
}

function tell(sentence: string): void {
  process.stdout.write(`${sentence}\n`);
}
