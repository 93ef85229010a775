import { mkdtemp, rm } from "node:fs/promises";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "@drawchat/local/ports";
import { launchBrowser } from "@drawchat/testkit/browser";
import { type Cluster, startCluster } from "@drawchat/testkit/cluster";
import type { Browser, Page, WebSocket } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { buildWeb } from "./build.ts";
import { accessibilityProblems, callAsAdmin, enter, expectLines, line, openNext, PATIENCE, startHost, write } from "./steps.ts";

let cluster: Cluster;
let browser: Browser;
let webDir: string;
let sessionId: number | undefined;
/** A page of somebody else: another origin, and a policy that allows the chat's server and nothing else. */
let host: Server;
let hostUrl: string;
let hostBody = "";

beforeAll(async () => {
  webDir = await mkdtemp(join(tmpdir(), "drawchat-test-web-"));
  await buildWeb(webDir);
  const [edgePort = 0, hostPort = 0] = await freePorts(2);
  hostUrl = `http://localhost:${hostPort}`;
  const env = { ALLOWED_ORIGINS: `${hostUrl},http://127.0.0.1:${edgePort}` };
  cluster = await startCluster({ edge: true, edgePort, webDir, env });
  const chat = cluster.url("edge-1");
  const policy = `default-src 'none'; script-src ${chat}; connect-src ${chat} ${chat.replace("http", "ws")}`;
  host = await startHost(hostPort, policy, () => `<script type="module" src="${chat}/widget.js"></script>${hostBody}`);
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
  host.closeAllConnections();
  host.close();
  await cluster.stop();
  await rm(webDir, { recursive: true });
});

interface HostPage {
  page: Page;
  sockets: WebSocket[];
  /** What the page's policy refused. */
  refused: string[];
}

async function openHost(body: string): Promise<HostPage> {
  hostBody = body;
  const page = await (await browser.newContext({ viewport: { width: 1_000, height: 700 } })).newPage();
  const opened: HostPage = { page, sockets: [], refused: [] };
  page.on("websocket", (socket) => opened.sockets.push(socket));
  page.on("console", (message) => {
    if (message.text().includes("Content Security Policy")) opened.refused.push(message.text());
  });
  await page.goto(hostUrl);
  return opened;
}

async function widgetOf(userId: number, username: string, more = ""): Promise<string> {
  return `<drawchat-live id="${username}" token="${await cluster.token({ userId, username })}" ${more}></drawchat-live>`;
}

function ready(page: Page, id: string) {
  return page.locator(`#${id}`).getByText("It is quiet here").waitFor();
}

test("a widget on a page of another origin chats with the page, under a strict policy", async () => {
  const { page, refused } = await openHost(await widgetOf(41, "wim"));
  const ann = await enter(browser, cluster.url("edge-1"), "Ann");
  const wim = page.locator("#wim");
  await ready(page, "wim");
  expect(await page.evaluate(() => document.activeElement?.tagName)).toBe("BODY"); // the page's focus is the page's
  await write(wim, "hello from elsewhere");
  await line(ann, "hello from elsewhere").waitFor();
  await write(ann, "hello back");
  await line(wim, "hello back").getByRole("button", { name: /^Like/ }).click();
  await expect.poll(() => line(ann, "hello back").getByRole("button", { name: /^Like/ }).textContent(), PATIENCE).toBe("1");
  await expectLines(wim, "hello").toEqual(["hello from elsewhere", "hello back"]);
  expect(refused).toEqual([]);
});

test("two widgets on one page are two people in two sessions", async () => {
  const other = (await cluster.session()).id;
  const { page } = await openHost(
    (await widgetOf(42, "uma", `session="${sessionId}"`)) +
      (await widgetOf(43, "vic", `session="${other}"`)) +
      (await widgetOf(44, "wes", `session="${other}"`)),
  );
  await write(page.locator("#vic"), "only over there");
  await line(page.locator("#wes"), "only over there").waitFor();
  await write(page.locator("#uma"), "only here");
  await line(page.locator("#uma"), "only here").locator("[data-mark=stored]").waitFor();
  await expectLines(page.locator("#vic"), "only").toEqual(["only over there"]);
  await expectLines(page.locator("#uma"), "only").toEqual(["only here"]);
  await callAsAdmin(cluster, "POST", `/live-chat/sessions/${other}/close`);
});

test("a removed widget closes its socket; one that is moved keeps it", async () => {
  const { page, sockets } = await openHost(`<main></main>${await widgetOf(45, "xan")}`);
  await ready(page, "xan");
  expect(sockets).toHaveLength(1);
  await page.evaluate(() => document.querySelector("main")?.append(document.querySelector("#xan") ?? ""));
  await write(page.locator("#xan"), "moved");
  await line(page.locator("#xan"), "moved").waitFor();
  expect(sockets).toHaveLength(1);
  const closed = sockets[0]?.waitForEvent("close");
  await page.evaluate(() => document.querySelector("#xan")?.remove());
  await closed;
  expect(sockets[0]?.isClosed()).toBe(true);
});

test("getToken and texts work when they are set before the script is there", async () => {
  const token = await cluster.token({ userId: 46, username: "yun" });
  hostBody = "<drawchat-live></drawchat-live>";
  const page = await (await browser.newContext()).newPage();
  await page.addInitScript((given) => {
    new MutationObserver((_changes, observer) => {
      const widget = document.querySelector("drawchat-live");
      if (!widget) return;
      observer.disconnect();
      Object.assign(widget, { getToken: async () => given, texts: { title: "Ziehung", placeholder: "Schreib an alle…" } });
    }).observe(document, { childList: true, subtree: true });
  }, token);
  await page.goto(hostUrl);
  await page.getByPlaceholder("Schreib an alle…").waitFor();
  await page.getByRole("heading", { name: "Ziehung", level: 2 }).waitFor();
  await write(page.locator("drawchat-live"), "hallo");
  await line(page.locator("drawchat-live"), "hallo").locator("bdi", { hasText: "yun" }).waitFor();
});

test("another token is another person, at once and on one socket", async () => {
  const { page, sockets } = await openHost(await widgetOf(47, "zoe"));
  await ready(page, "zoe");
  const token = await cluster.token({ userId: 48, username: "zac" });
  await page.evaluate((given) => document.querySelector("#zoe")?.setAttribute("token", given), token);
  await expect.poll(() => sockets.map((socket) => socket.isClosed()), PATIENCE).toEqual([true, false]);
  await write(page.locator("#zoe"), "it is me");
  await line(page.locator("#zoe"), "it is me").locator("bdi", { hasText: "zac" }).waitFor();
});

test("its look follows the properties and the theme that the page gives, and nothing else of the page's style", async () => {
  const { page } = await openHost(`${await widgetOf(49, "lou")}<p>host</p>`);
  await ready(page, "lou");
  const chat = page.locator("#lou .chat");
  const look = () =>
    chat.evaluate((element) => {
      const { backgroundColor, fontSize, textTransform } = getComputedStyle(element);
      return { backgroundColor, fontSize, textTransform, send: getComputedStyle(element.querySelector(".send") ?? element).borderRadius };
    });
  const plain = await look();
  await page.evaluate(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(
      `* { background: red !important } body { font-size: 40px; text-transform: uppercase } .send { border-radius: 0 !important }`,
    );
    document.adoptedStyleSheets.push(sheet);
  });
  expect(await look()).toEqual(plain);
  await page.locator("#lou").evaluate((widget) => widget.setAttribute("theme", "dark"));
  expect((await look()).backgroundColor).toBe("rgb(24, 21, 31)");
  await page.evaluate(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`drawchat-live { --drawchat-surface: rgb(1, 2, 3) }`);
    document.adoptedStyleSheets.push(sheet);
  });
  expect((await look()).backgroundColor).toBe("rgb(1, 2, 3)");
  expect(await page.locator("p", { hasText: "host" }).evaluate((element) => getComputedStyle(element).margin)).toBe("40px 0px"); // not reset by the chat's style
});

test("a token that has ended is asked for again, by a button where it cannot be", async () => {
  const token = await cluster.token({ userId: 50, username: "kim", expiresInSeconds: -60 });
  const { page } = await openHost(`<drawchat-live id="kim" token="${token}"></drawchat-live>`);
  await page.getByText("Your sign-in has ended.").waitFor();
  const fresh = await cluster.token({ userId: 50, username: "kim" });
  await page.locator("#kim").evaluate((widget, given) => {
    widget.addEventListener("drawchat-signed-out", () => widget.setAttribute("token", given));
  }, fresh);
  await page.getByRole("button", { name: "Join again" }).click();
  await ready(page, "kim");
});

test("the example page embeds it, as wide as a phone too, and axe finds nothing to mend", async () => {
  const page = await (await browser.newContext({ viewport: { width: 360, height: 700 } })).newPage();
  const asked: string[] = [];
  page.on("request", (request) => asked.push(new URL(request.url()).origin));
  await page.goto(`${cluster.url("edge-1")}/embed-example.html`);
  await page.getByLabel("Your message").waitFor();
  expect(new Set(asked)).toEqual(new Set([cluster.url("edge-1")]));
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  expect(await accessibilityProblems(page)).toEqual([]);
});
