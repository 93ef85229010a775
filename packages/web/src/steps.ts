/** What people do in a browser, for the tests of page and widget. */
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import { ChatClient } from "@drawchat/client/chat-client";
import type { Cluster } from "@drawchat/testkit/cluster";
import type { AxeResults } from "axe-core";
import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import { expect } from "vitest";

export const PATIENCE = { timeout: 15_000 };

/** A person in a browser of their own, in the chat. */
export async function enter(browser: Browser, url: string, name: string, options: BrowserContextOptions = {}): Promise<Page> {
  const page = await (await browser.newContext({ viewport: { width: 900, height: 800 }, ...options })).newPage();
  await enterOn(page, url, name);
  return page;
}

export async function enterOn(page: Page, url: string, name: string): Promise<void> {
  await page.goto(url);
  await page.getByLabel("Your name").fill(name);
  await page.getByRole("button", { name: "Join the chat" }).click();
  await page.getByPlaceholder("Write to everyone…").waitFor();
}

/** `place`: a page, or one of several widgets on it. */
export async function write(place: Page | Locator, text: string): Promise<void> {
  const area = place.getByLabel("Your message");
  await area.fill(text);
  await area.press("Enter");
}

export function line(place: Page | Locator, text: string): Locator {
  return place.locator(".line").filter({ hasText: text });
}

/** The lines on the screen that begin with `mark`, from top to bottom. */
export async function linesOf(place: Page | Locator, mark: string): Promise<string[]> {
  const texts = await place.locator(".line .text").allTextContents();
  return texts.filter((text) => text.startsWith(mark));
}

export function expectLines(place: Page | Locator, mark: string) {
  return expect.poll(() => linesOf(place, mark), PATIENCE);
}

/** One socket may send 40 messages in ten seconds. */
const TEXTS_PER_SPEAKER = 35;

/** People without a screen, who say many things fast, so many each. Their ids are 1000 and on. Resolves when all of it is accepted. */
export async function sayAll(cluster: Cluster, sessionId: number, texts: readonly string[], each = TEXTS_PER_SPEAKER): Promise<void> {
  const url = cluster.url("gateway-1").replace("http", "ws");
  const parts = Array.from({ length: Math.ceil(texts.length / each) }, (_, n) => texts.slice(n * each, (n + 1) * each));
  const says = parts.map(async (part, n) => {
    const speaker = new ChatClient({ url, sessionId, token: await cluster.token({ userId: 1_000 + n, username: `Speaker ${n}` }) });
    speaker.start();
    await Promise.all(part.map((text) => speaker.send(text).accepted));
    speaker.stop();
  });
  await Promise.all(says);
}

/** Opens a session with an empty room, and closes the one before, so that it is the current one. Returns its id. */
export async function openNext(cluster: Cluster, presentId: number | undefined): Promise<number> {
  const { id } = await cluster.session();
  if (presentId !== undefined) await callAsAdmin(cluster, "POST", `/live-chat/sessions/${presentId}/close`);
  return id;
}

export async function callAsAdmin(cluster: Cluster, method: string, path: string): Promise<void> {
  const authorization = `Bearer ${await cluster.token({ userId: 900, username: "admin", roles: ["admin"] })}`;
  const response = await fetch(cluster.url("api-1") + path, { method, headers: { authorization } });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
}

/** A page of somebody else: another origin, with a policy of its own. The caller closes it. */
export function startHost(port: number, policy: string, body: () => string): Promise<Server> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "text/html", "content-security-policy": policy });
    response.end(`<!doctype html><html lang="en"><title>Host</title>${body()}</html>`);
  });
  return new Promise((resolve) => server.listen(port, "127.0.0.1", () => resolve(server)));
}

/** What violates an accessibility rule, with the element, in words. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const { violations }: AxeResults = await page.evaluate("axe.run()");
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 200)} ${node.failureSummary ?? ""}`));
}

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
