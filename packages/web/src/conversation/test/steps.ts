/** What agents and customers do in a browser, for the tests of inbox and support widget. */
import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import { expect } from "vitest";
import { PATIENCE } from "../../steps.ts";

/** An agent in a browser of their own, signed in. */
export async function openInbox(browser: Browser, url: string, name: string, options: BrowserContextOptions = {}): Promise<Page> {
  const page = await (await browser.newContext({ viewport: { width: 1_280, height: 800 }, ...options })).newPage();
  await page.goto(`${url}/inbox`);
  await page.getByLabel("Your name").fill(name);
  await page.getByRole("button", { name: "Open the inbox" }).click();
  await page.getByRole("heading", { name: "Inbox" }).waitFor();
  return page;
}

/** A customer on a page with the widget, which is open. */
export async function openSupport(browser: Browser, url: string, name: string, options: BrowserContextOptions = {}): Promise<Page> {
  const page = await (await browser.newContext({ viewport: { width: 1_000, height: 800 }, ...options })).newPage();
  await page.goto(`${url}/support?name=${encodeURIComponent(name)}`);
  await page.getByRole("button", { name: "Chat with us" }).click();
  await page.getByText("How can we help?").waitFor();
  return page;
}

/** Opens the conversation of that name. */
export async function openEntry(page: Page, name: string): Promise<void> {
  await page.locator(".entry", { hasText: name }).first().click();
  await page.locator(".message").first().waitFor();
}

export async function say(page: Page, text: string): Promise<void> {
  const area = page.getByLabel("Your message");
  await area.fill(text);
  await area.press("Enter");
}

export async function note(page: Page, text: string): Promise<void> {
  await page.getByText("Private note", { exact: true }).first().click();
  const area = page.getByLabel("Your private note");
  await area.fill(text);
  await area.press("Enter");
  await page.getByText("Reply", { exact: true }).click();
}

export function message(page: Page, text: string | RegExp): Locator {
  return page.locator(".message").filter({ hasText: text });
}

/** The messages on the screen from top to bottom. */
export function expectTexts(page: Page) {
  return expect.poll(() => page.locator(".message .text").allTextContents(), PATIENCE);
}
