import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launchBrowser } from "@drawchat/testkit/browser";
import { type Cluster, startCluster } from "@drawchat/testkit/cluster";
import type { Browser, BrowserContextOptions, Page, WebSocketRoute } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { buildWeb } from "./build.ts";
import {
  accessibilityProblems,
  callAsAdmin,
  enterOn,
  enter as enterPage,
  expectLines,
  line,
  openNext,
  PATIENCE,
  sayAll,
  write,
} from "./steps.ts";
import { FOLLOWED_LINES_MAX, LINES_MAX } from "./timeline.ts";

let cluster: Cluster;
let browser: Browser;
let webDir: string;
let sessionId: number | undefined;

beforeAll(async () => {
  webDir = await mkdtemp(join(tmpdir(), "drawchat-test-web-"));
  await buildWeb(webDir);
  cluster = await startCluster({ edge: true, webDir, env: { LIVE_CHAT_MAX_MESSAGES_PER_USER_PER_MINUTE: "0" } });
  browser = await launchBrowser();
});

beforeEach(async () => {
  sessionId = await openNext(cluster, sessionId);
});

afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
});

afterAll(async () => {
  await browser.close();
  await cluster.stop();
  await rm(webDir, { recursive: true });
});

function enter(name: string, options: BrowserContextOptions = {}): Promise<Page> {
  return enterPage(browser, cluster.url("edge-1"), name, options);
}

function say(texts: readonly string[]): Promise<void> {
  return sayAll(cluster, sessionId ?? 0, texts);
}

const numbered = (mark: string, count: number) => Array.from({ length: count }, (_, n) => `${mark} ${n}`);

/** The first line that is wholly in sight, and how far from the top of the box it stands. */
function firstInSight(page: Page): Promise<{ text: string | null | undefined; top: number }> {
  return page.locator(".scroll").evaluate((box) => {
    const edge = box.getBoundingClientRect().top;
    const first = [...box.querySelectorAll("li")].find((item) => item.getBoundingClientRect().top >= edge);
    return { text: first?.querySelector(".text")?.textContent, top: Math.round((first?.getBoundingClientRect().top ?? 0) - edge) };
  });
}

async function scrollUp(page: Page): Promise<void> {
  await page.locator(".scroll").hover();
  await page.mouse.wheel(0, -900);
  await page.locator(".to-end").waitFor();
}

test("lines stay where the reader is, whatever comes, and a button counts it and leads to the newest", async () => {
  await say(numbered("old", 60));
  const ann = await enter("Ann");
  await expectLines(ann, "old").toHaveLength(60);
  await scrollUp(ann);
  const before = await firstInSight(ann);
  await say(numbered("new", 330));
  await ann.getByRole("button", { name: "330 new lines" }).waitFor();
  const after = await firstInSight(ann);
  expect(after.text).toBe(before.text);
  expect(Math.abs(after.top - before.top)).toBeLessThanOrEqual(2);
  expect(await ann.locator(".scroll").evaluate((box) => getComputedStyle(box).overflowAnchor)).toBe("none");
  await expect.poll(() => ann.locator(".line").count(), PATIENCE).toBe(LINES_MAX);
  expect((await firstInSight(ann)).text).toBe(before.text);
  await ann.getByRole("button", { name: "330 new lines" }).click();
  await expectLines(ann, "new").toHaveLength(FOLLOWED_LINES_MAX);
  await expect.poll(() => distanceToEnd(ann), PATIENCE).toBeLessThan(2);
  expect(await ann.locator(".to-end").count()).toBe(0);
});

function distanceToEnd(page: Page): Promise<number> {
  return page.locator(".scroll").evaluate((box) => box.scrollHeight - box.scrollTop - box.clientHeight);
}

test("a reader who scrolls on comes through the held lines to the newest", async () => {
  await say(numbered("old", 60));
  const ann = await enter("Ann");
  await expectLines(ann, "old").toHaveLength(60);
  await scrollUp(ann);
  await say(numbered("new", 210));
  await ann.getByRole("button", { name: "210 new lines" }).waitFor();
  await expectLines(ann, "new").toHaveLength(140); // the held lines end there
  await expect
    .poll(async () => {
      await ann.mouse.wheel(0, 2_000);
      return await ann.locator(".to-end").count();
    }, PATIENCE)
    .toBe(0);
  await expectLines(ann, "new").toHaveLength(FOLLOWED_LINES_MAX);
});

test("who follows stays at the end in a rush, with at most 100 lines in the page", async () => {
  const ann = await enter("Ann");
  const most = ann.evaluate(async () => {
    let count = 0;
    while (!document.querySelector(".lines")?.textContent?.includes("the very last")) {
      await new Promise((resolve) => requestAnimationFrame(resolve));
      count = Math.max(count, document.querySelectorAll(".line").length);
    }
    return count;
  });
  await say(numbered("many", 400));
  await say(["the very last"]);
  expect(await most).toBeLessThanOrEqual(FOLLOWED_LINES_MAX);
  await expect.poll(() => ann.locator(".line").count(), PATIENCE).toBe(FOLLOWED_LINES_MAX);
  await expect.poll(() => distanceToEnd(ann), PATIENCE).toBeLessThan(2);
  expect(await ann.locator(".to-end").count()).toBe(0);
});

test("who writes is taken to the own line from wherever they read", async () => {
  await say(numbered("old", 60));
  const ann = await enter("Ann");
  await expectLines(ann, "old").toHaveLength(60);
  await scrollUp(ann);
  await write(ann, "here I am");
  await line(ann, "here I am").locator("[data-mark=stored]").waitFor();
  await expect.poll(() => distanceToEnd(ann), PATIENCE).toBeLessThan(2);
});

test("at 360 px nothing is wider than the screen: long words, long names, right to left, winners", async () => {
  await callAsAdmin(cluster, "PUT", `/live-chat/sessions/${sessionId}/winners/1000`);
  await say(["x".repeat(400), `https://example.org/${"a/".repeat(150)}`, "مساء الخير ".repeat(20), "👩‍👩‍👧‍👧".repeat(40)]);
  const phone = { viewport: { width: 360, height: 640 } };
  const ann = await enter("Wolfeschlegelsteinhausenbergerdorff", phone);
  await write(ann, "W".repeat(300));
  await line(ann, "WWWW").locator("[data-mark=stored]").waitFor();
  const tooWide = await ann.evaluate(() => {
    const all = [document.documentElement, ...document.querySelectorAll("body *:not(.unseen, .name)")];
    return all
      .filter(
        (element) => element.scrollWidth > element.clientWidth && element.clientWidth > 0 && getComputedStyle(element).display !== "inline",
      )
      .map((element) => `${element.tagName}.${element.className} ${element.scrollWidth} > ${element.clientWidth}`);
  });
  expect(tooWide).toEqual([]);
  expect(await ann.locator(".winner").count()).toBeGreaterThan(0);
});

test("right-to-left names and lines keep to themselves", async () => {
  const shayma = await enter("شيماء (2)");
  await write(shayma, "مساء الخير 123");
  const own = line(shayma, "مساء");
  await own.locator("[data-mark]").first().waitFor();
  expect(await own.locator(".text").evaluate((text) => getComputedStyle(text).direction)).toBe("rtl");
  expect(await own.locator("bdi").evaluate((name) => getComputedStyle(name).unicodeBidi)).toBe("isolate");
  const [name, badge] = [await own.locator("bdi").boundingBox(), await own.locator(".you").boundingBox()];
  expect(badge?.x).toBeGreaterThan((name?.x ?? 0) + (name?.width ?? 0) - 1);
});

test("a screen reader hears each line at a calm pace, none in a rush, and not the seconds that run", async () => {
  const ann = await enter("Ann");
  const log = ann.getByRole("log");
  await write(ann, "calm");
  await line(ann, "calm").waitFor();
  await expect.poll(() => log.getAttribute("aria-live"), PATIENCE).toBe("polite");
  await say(numbered("rush", 20));
  await expect.poll(() => log.getAttribute("aria-live"), PATIENCE).toBe("off");
  const spoken = await ann.locator("[role=status], [role=alert], [aria-live]:not([role=log])").allTextContents();
  expect(spoken.join("")).not.toMatch(/\d:\d/);
});

test("the keyboard alone reaches lines, likes one, and comes back to write; what has the focus is seen", async () => {
  await say(numbered("line", 30));
  const ann = await enter("Ann");
  await expectLines(ann, "line").toHaveLength(30);
  const focused = () => ann.locator(":focus");
  await ann.getByLabel("Your message").focus();
  await ann.keyboard.press("Shift+Tab");
  expect(await focused().getAttribute("class")).toBe("scroll");
  await ann.keyboard.press("ArrowUp");
  await ann.keyboard.press("ArrowUp");
  const heart = ann.locator(".line").nth(28).getByRole("button", { name: /^Like/ });
  expect(await heart.evaluate((element) => element === document.activeElement)).toBe(true);
  expect(await heart.evaluate((element) => getComputedStyle(element).outlineStyle)).toBe("solid");
  await ann.keyboard.press("Enter");
  await expect.poll(() => heart.getAttribute("aria-pressed"), PATIENCE).toBe("true");
  await ann.keyboard.press("Home");
  expect(await ann.locator(".line").first().locator(":focus").count()).toBe(1);
  await ann.keyboard.press("Escape");
  await ann.keyboard.type("by keyboard");
  await ann.keyboard.press("Enter");
  await line(ann, "by keyboard").locator("[data-mark=stored]").waitFor();
});

test.each(["light", "dark"] as const)("axe finds nothing to mend, %s", async (colorScheme) => {
  await callAsAdmin(cluster, "PUT", `/live-chat/sessions/${sessionId}/winners/1000`);
  await sayAll(cluster, sessionId ?? 0, ["I won", ...numbered("in all colours", 9)], 1);
  const ann = await enter("Ann", { colorScheme });
  await line(ann, "I won").hover();
  await write(ann, "mine");
  await line(ann, "mine").locator("[data-mark=stored]").waitFor();
  await line(ann, "I won").getByRole("button", { name: /^Like/ }).click();
  expect(await accessibilityProblems(ann)).toEqual([]);
  await ann.getByRole("button", { name: /^Leave/ }).click();
  await ann.getByLabel("Your name").waitFor();
  expect(await accessibilityProblems(ann)).toEqual([]);
});

test("hosts and winners have their badges, and a session that is closed says so at once", async () => {
  await callAsAdmin(cluster, "PUT", `/live-chat/sessions/${sessionId}/winners/1000`);
  await say(["I won"]);
  const ann = await enter("Ann");
  await line(ann, "I won").getByText("Winner").waitFor();
  await callAsAdmin(cluster, "POST", `/live-chat/sessions/${sessionId}/close`);
  await ann.getByText("The chat is closed.").waitFor({ timeout: 3_000 });
  expect(await ann.getByLabel("Your message").count()).toBe(0);
});

test("a session that is moved, extended or cancelled says so at once", async () => {
  const page = await (await browser.newContext()).newPage();
  const opened = Promise.withResolvers<WebSocketRoute>();
  await page.routeWebSocket(/live-chat/, (socket) => {
    socket.connectToServer();
    opened.resolve(socket);
  });
  await enterOn(page, cluster.url("edge-1"), "Ann");
  await page.getByText("It is quiet here.").waitFor();
  const socket = await opened.promise;
  const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();
  const tell = (state: string, draw_at: string, closes_at: string) =>
    socket.send(JSON.stringify({ type: "session", state, opens_at: inHours(-1), draw_at, closes_at }));
  tell("open", inHours(3), inHours(5));
  await page.getByText(/Draw in (3:00:00|2:59:\d\d)/).waitFor();
  await page.getByText(/closes in (5:00:00|4:59:\d\d)/).waitFor();
  tell("cancelled", inHours(3), inHours(5));
  await page.getByText("This draw was cancelled.").waitFor();
  expect(await page.getByLabel("Your message").count()).toBe(0);
});

test("lines that the server left out are counted on the page, and an own one stays and says so", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.routeWebSocket(/live-chat/, (socket) => {
    const server = socket.connectToServer();
    server.onMessage((frame) => {
      const skipping = String(frame)
        .replace('{"type":"batch",', '{"type":"batch","skipped":37,')
        .replace('{"type":"ack",', '{"type":"ack","skipped":true,');
      socket.send(skipping.replace(/"events":\[.*mine.*\]/, '"events":[]'));
    });
  });
  await enterOn(page, cluster.url("edge-1"), "Ann");
  await page.getByText("It is quiet here.").waitFor();
  await say(["one of many"]);
  await page.getByText("37 lines were left out here").waitFor();
  await write(page, "mine");
  await line(page, "mine").getByText("Sent, but not shown to everybody").waitFor();
  await line(page, "mine").locator('[data-mark="stored"]').waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);
});
