/** Agents at the inbox and customers at the widget, each in a browser of their own, on two gateways. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ConversationsApi } from "@drawchat/client/conversations-api";
import { freePorts } from "@drawchat/local/ports";
import { launchBrowser } from "@drawchat/testkit/browser";
import { type Cluster, type ProcessName, startCluster } from "@drawchat/testkit/cluster";
import { pdfOf } from "@drawchat/testkit/pdfs";
import { blackPng } from "@drawchat/testkit/pngs";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { buildWeb } from "../build.ts";
import { accessibilityProblems, PATIENCE, startHost } from "../steps.ts";
import { expectTexts, message, note, openEntry, openInbox, openSupport, say } from "./test/steps.ts";

const RULES = fileURLToPath(new URL("../../../../infra/bot/rules.json", import.meta.url));

let cluster: Cluster;
/** The agents' and the customers'. */
let browsers: [Browser, Browser];
let webDir: string;
let url: string;
/** A page of somebody else. */
let host: Server;
let hostUrl: string;

beforeAll(async () => {
  webDir = await mkdtemp(join(tmpdir(), "drawchat-test-web-"));
  await buildWeb(webDir);
  const [edgePort = 0, hostPort = 0] = await freePorts(2);
  url = `http://127.0.0.1:${edgePort}`;
  hostUrl = `http://localhost:${hostPort}`;
  const origins = { ALLOWED_ORIGINS: `${hostUrl},${url}` };
  const env = { CONVERSATIONS_BOT_USER_ID: "900", CONVERSATIONS_BOT_RULES: RULES, ...origins };
  cluster = await startCluster({ gateways: 2, jobs: 1, edge: true, edgePort, webDir, env });
  const policy = `default-src 'none'; script-src ${url}; connect-src ${url} ${url.replace("http", "ws")}; img-src blob:`;
  const token = await cluster.token({ userId: 41, username: "Wim" });
  const widget = `<script type="module" src="${url}/drawchat-support.js"></script><drawchat-support token="${token}"></drawchat-support>`;
  host = await startHost(hostPort, policy, () => widget);
  browsers = [await launchBrowser(), await launchBrowser()];
});

afterEach(async () => {
  for (const context of browsers.flatMap((browser) => browser.contexts())) await context.close();
});

afterAll(async () => {
  await Promise.all(browsers.map((browser) => browser.close()));
  host.closeAllConnections();
  host.close();
  await cluster.stop();
  await rm(webDir, { recursive: true });
});

const agent = (name: string) => openInbox(browsers[0], url, name);
const customer = (name: string) => openSupport(browsers[1], url, name);

async function openSocketsOf(gateway: ProcessName): Promise<number> {
  const metrics = await (await fetch(`${cluster.privateUrl(gateway)}/metrics`)).text();
  return Number(/^drawchat_gateway_sockets\S* (\d+)$/m.exec(metrics)?.[1]);
}

test("a bot answers, a person is asked for, and agent and customer talk on two gateways", async () => {
  const [ada, mia] = [await agent("Ada"), await customer("Mia")];
  await say(mia, "What does delivery cost?");
  await message(mia, "All prices are on our page").locator(".badge.bot").waitFor();
  await mia.getByRole("button", { name: "Talk to a person" }).click();
  await message(mia, "I am silent from now on").waitFor();
  await expect.poll(() => Promise.all([openSocketsOf("gateway-1"), openSocketsOf("gateway-2")]), PATIENCE).toEqual([1, 1]);

  await openEntry(ada, "Mia");
  await message(ada, "I am silent from now on").waitFor();
  await ada.getByRole("button", { name: "Assign to me" }).click();
  await say(ada, "Hello Mia, this is Ada.");
  await message(mia, "this is Ada").locator(".badge.team").waitFor();
  await mia.getByText("Ada", { exact: true }).first().waitFor();
  await message(ada, "this is Ada").getByText("Seen by Mia").waitFor();
  await mia.getByLabel("Your message").pressSequentially("So");
  await ada.getByText("Mia is typing…").waitFor();
  await say(mia, "So, what about delivery?");
  await message(ada, "So, what about delivery?").waitFor();
  expect(await ada.getByText("Mia is typing…").count()).toBe(0);
  await message(mia, "So, what about delivery?").getByText("Seen by Ada").waitFor();
  await expectTexts(mia).toHaveLength(6); // the bot says nothing more
});

test("an image and a PDF go up by button and by drop, and are seen and kept on the other side", async () => {
  const [ada, mia] = [await agent("Ada"), await customer("Ruth")];
  await say(mia, "A human, please: look at this");
  await message(mia, "I am silent from now on").waitFor();
  await openEntry(ada, "Ruth");
  await mia.locator("input[type=file]").setInputFiles({ name: "broken.png", mimeType: "image/png", buffer: blackPng(640, 480) });
  await mia.getByText("broken.png is ready to be sent").waitFor({ state: "attached" });
  await say(mia, "It arrived so");
  const picture = message(ada, "It arrived so").getByRole("img", { name: "Image: broken.png" });
  await picture.waitFor();
  expect(await picture.evaluate((image: HTMLImageElement) => image.decode().then(() => image.naturalWidth))).toBeGreaterThan(100);
  await ada.getByRole("button", { name: "Open image broken.png" }).click();
  const large = ada.getByRole("dialog").getByRole("img", { name: "Image: broken.png" });
  expect(await large.evaluate((image: HTMLImageElement) => image.decode().then(() => image.naturalWidth))).toBe(640);
  await ada.keyboard.press("Escape");
  await large.waitFor({ state: "detached" });

  await dropOn(ada, { name: "label.pdf", type: "application/pdf", bytes: pdfOf() });
  await ada.getByText("label.pdf is ready to be sent").waitFor({ state: "attached" });
  await ada.reload(); // what is up already is not lost
  await ada.getByRole("button", { name: "Remove label.pdf" }).waitFor();
  await ada.getByRole("button", { name: "Send" }).click();
  const coming = mia.waitForEvent("download");
  await mia.getByRole("button", { name: "Download label.pdf" }).click();
  const download = await coming;
  expect(download.suggestedFilename()).toBe("label.pdf");
  expect((await readFile(await download.path())).subarray(0, 5).toString()).toBe("%PDF-");
  await ada.locator(".entry", { hasText: "You: sent a file" }).waitFor();
});

test("a file that is not taken says why, and can be left out", async () => {
  const mia = await customer("Vera");
  await say(mia, "A human, please");
  await message(mia, "I am silent from now on").waitFor();
  const input = mia.locator("input[type=file]");
  await input.setInputFiles([
    { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("hello") },
    { name: "page.png", mimeType: "image/png", buffer: Buffer.from("<html>hello</html>") },
  ]);
  const uploads = mia.getByRole("list", { name: "Files to send" });
  await uploads.getByText("notes.txt is not an image or PDF that can be sent.").waitFor();
  await uploads.getByText("page.png is not an image or PDF that can be sent.").waitFor();
  await uploads.getByRole("button", { name: "Remove notes.txt" }).click();
  await uploads.getByRole("button", { name: "Remove page.png" }).click();
  await uploads.waitFor({ state: "detached" });
  await say(mia, "Never mind");
  await message(mia, "Never mind").waitFor();
});

/** As if a file was dragged onto the conversation. */
async function dropOn(page: Page, file: { name: string; type: string; bytes: Buffer }): Promise<void> {
  const base64 = file.bytes.toString("base64");
  const transfer = await page.evaluateHandle(
    ({ name, type, text }) => {
      const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
      const dragged = new DataTransfer();
      dragged.items.add(new File([bytes], name, { type }));
      return dragged;
    },
    { ...file, bytes: undefined, text: base64 },
  );
  await page.locator(".conversation").dispatchEvent("dragenter", { dataTransfer: transfer });
  await page.getByText("Drop files here to attach them").waitFor();
  await page.locator(".conversation").dispatchEvent("drop", { dataTransfer: transfer });
}

test("notes are for agents, and what was edited or deleted is so for everybody", async () => {
  const [ada, nils, mia] = [await agent("Ada"), await agent("Nils"), await customer("Nina")];
  await say(mia, "Where is my parcel? I want a human.");
  await message(mia, "I am silent from now on").waitFor();
  await openEntry(ada, "Nina");
  await openEntry(nils, "Nina");
  await note(ada, "Lost by the carrier, <b>again</b>.");
  await message(nils, "Lost by the carrier, <b>again</b>.").locator(".badge.private").waitFor();
  await ada.locator(".switch label", { hasText: "Private note" }).click();
  await ada.getByLabel("Your private note").fill("not for her");
  await ada.getByText("Reply", { exact: true }).click();
  expect(await ada.getByLabel("Your message").inputValue()).toBe(""); // a note begun does not become a reply
  await say(ada, "It is on its weg.");
  await message(ada, "on its weg").hover();
  await message(ada, "on its weg").getByRole("button", { name: "Edit" }).click();
  await ada.locator(".message-edit textarea").fill("It is on its way.");
  await ada.keyboard.press("Enter");
  await message(mia, "It is on its way.").getByText("edited").waitFor();
  await say(mia, "a slip");
  await message(mia, "a slip").hover();
  await message(mia, "a slip").getByRole("button", { name: "Delete" }).click();
  await mia.locator(".question").getByRole("button", { name: "Delete" }).click();
  for (const page of [ada, nils, mia]) await message(page, "This message was deleted.").waitFor();
  expect(await message(mia, "Lost by the carrier").count()).toBe(0);
  expect(await mia.getByText("a slip").count()).toBe(0);
});

test("the list follows what is done with a conversation, as it is filtered", async () => {
  const [ada, noor, mia] = [await agent("Ada"), await agent("Noor"), await customer("Olga")];
  await say(mia, "An agent, please");
  await openEntry(ada, "Olga");
  await ada.getByLabel("Subject").fill("Late parcel");
  await ada.keyboard.press("Enter");
  await ada.getByLabel("Priority").selectOption("urgent");
  await ada.getByLabel("New label").fill("carrier");
  await ada.keyboard.press("Enter");
  const entry = noor.locator(".entry", { hasText: "Late parcel" });
  await entry.getByText("urgent").waitFor();
  await entry.getByText("carrier").waitFor();
  await noor.getByText("Mine", { exact: true }).click();
  await noor.getByText("There is nothing here.").waitFor();
  await ada.getByLabel("Assigned to").selectOption({ label: "Noor" });
  await entry.waitFor();
  await say(mia, "Thank you");
  await entry.locator(".count").waitFor();
  expect(await noor.title()).toBe("(1) Inbox");
  // A customer's message opens it again when it is stored: one that is not yet would undo what comes now.
  await expect.poll(() => message(mia, "Thank you").getAttribute("data-mark"), PATIENCE).toBe("stored");
  await ada.getByRole("button", { name: "Resolve" }).click();
  await entry.waitFor({ state: "detached" });
  await noor.getByLabel("Search messages").fill("thank");
  await noor.locator(".entry", { hasText: "Thank you" }).first().click();
  await message(noor, "Thank you").waitFor();
});

test("a reload loses nothing: the place, a draft, and what could not be sent yet", async () => {
  const [ada, mia] = [await agent("Ada"), await customer("Pia")];
  await say(mia, "One human, please");
  await message(mia, "I am silent from now on").waitFor();
  await openEntry(ada, "Pia");
  await ada.getByLabel("Your message").fill("half a sen");
  await cluster.kill("gateway-1");
  await cluster.kill("gateway-2");
  await mia.getByText("You are offline").waitFor();
  await say(mia, "Two");
  await expect.poll(() => message(mia, "Two").getAttribute("data-mark"), PATIENCE).toBe("sending");
  await Promise.all([ada.reload(), mia.reload()]);
  await message(mia, "Two").waitFor();
  expect(await message(mia, "Two").getAttribute("data-mark")).toBe("sending");
  expect(await ada.getByLabel("Your message").inputValue()).toBe("half a sen");
  await Promise.all([cluster.restart("gateway-1"), cluster.restart("gateway-2")]);
  await expect.poll(() => message(mia, "Two").getAttribute("data-mark"), PATIENCE).toBe("stored");
  await message(ada, "Two").waitFor();
  await say(ada, "half a sentence more");
  await message(mia, "half a sentence more").waitFor();
  await expectTexts(mia).toHaveLength(4); // two, the bot's word, and the answer
});

test("older messages come on the way up, all of them once, and the reader stays where they are", async () => {
  const mia = await customer("Rosa");
  await say(mia, "An agent, please");
  await message(mia, "I am silent from now on").waitFor();
  const texts = Array.from({ length: 130 }, (_, n) => `line ${n}`);
  await sayAll(await newestConversation(), texts);
  const ada = await agent("Ada");
  await openEntry(ada, "Rosa");
  await message(ada, "line 129").waitFor();
  const goUp = () =>
    ada.locator(".messages .scroll").evaluate((box) => {
      box.scrollTop = 0;
      const first = box.querySelector<HTMLElement>(".message");
      return { id: first?.dataset.id, top: first?.getBoundingClientRect().top };
    });
  const before = await goUp();
  const place = () => ada.locator(`.message[data-id="${before.id}"]`).evaluate((line) => line.getBoundingClientRect().top);
  await expect.poll(() => ada.locator(".message").first().getAttribute("data-id"), PATIENCE).not.toBe(before.id);
  expect(Math.abs((await place()) - Number(before.top))).toBeLessThan(2);
  await expect.poll(async () => (await goUp()) && message(ada, "An agent, please").count(), PATIENCE).toBe(1);
  const shown = await ada.locator(".message .text").allTextContents();
  expect(shown.filter((text) => text.startsWith("line "))).toEqual(texts);
});

async function newestConversation(): Promise<number> {
  const newest = cluster.database.db.selectFrom("conversations").select("id").orderBy("id", "desc");
  return (await newest.executeTakeFirstOrThrow()).id;
}

/** Two agents without a screen in turn: one alone would be too fast. */
async function sayAll(conversationId: number, texts: readonly string[]): Promise<void> {
  const tokens = await Promise.all([70, 71].map((userId) => cluster.token({ userId, username: `Agent ${userId}`, roles: ["agent"] })));
  const apis = tokens.map((token) => new ConversationsApi({ url, token }));
  for (const [n, text] of texts.entries()) {
    await apis[n % apis.length]?.sendMessage(conversationId, { client_id: crypto.randomUUID(), message: text });
  }
}

test("the widget works on a page of another origin, under a strict policy", async () => {
  const [ada, page] = [await agent("Ada"), await (await browsers[1].newContext()).newPage()];
  const refused: string[] = [];
  page.on("console", (line) => line.text().includes("Content Security Policy") && refused.push(line.text()));
  await page.goto(hostUrl);
  await page.getByRole("button", { name: "Chat with us" }).click();
  await say(page, "A human, please");
  await message(page, "I am silent from now on").waitFor();
  await page.locator("input[type=file]").setInputFiles({ name: "small.png", mimeType: "image/png", buffer: blackPng(64, 48) });
  await page.getByText("small.png is ready to be sent").waitFor({ state: "attached" });
  await page.getByRole("button", { name: "Send" }).click();
  const picture = message(page, "").getByRole("img", { name: "Image: small.png" });
  expect(await picture.evaluate((image: HTMLImageElement) => image.decode().then(() => image.naturalWidth))).toBe(64);
  await openEntry(ada, "Wim");
  await page.locator("drawchat-support").evaluate((widget) => widget.removeAttribute("open"));
  await say(ada, "Got it");
  await page.getByRole("button", { name: "Chat with us, 1 unread" }).click();
  await message(page, "Got it").waitFor();
  await page.getByRole("button", { name: "Chat with us, 1 unread" }).waitFor({ state: "detached" });
  expect(refused).toEqual([]);
});

test("by keyboard alone: to a conversation, through its messages, and back to writing", async () => {
  const [mia, ada] = [await customer("Sofia"), await agent("Ada")];
  await say(mia, "An agent, please");
  await message(mia, "I am silent from now on").waitFor();
  await ada.locator(".entry", { hasText: "Sofia" }).focus();
  await ada.keyboard.press("Enter");
  await message(ada, "An agent, please").waitFor();
  await say(ada, "Here I am");
  await message(ada, "Here I am").and(ada.locator("[data-mark=stored]")).waitFor();
  await ada.keyboard.press("Shift+Tab"); // the file button
  await ada.keyboard.press("Shift+Tab"); // reply or note
  await ada.keyboard.press("Shift+Tab"); // the messages
  await ada.keyboard.press("ArrowUp");
  expect(await ada.evaluate(() => document.activeElement?.textContent)).toContain("Here I am");
  await ada.keyboard.press("ArrowRight");
  expect(await ada.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toBe("Edit");
  await ada.keyboard.press("Escape");
  expect(await ada.evaluate(() => document.activeElement?.tagName)).toBe("TEXTAREA");
});

test("axe finds nothing to mend, light or dark, and nothing is wider than a phone", async () => {
  const [mia, ada] = [await customer("Tilda"), await agent("Ada")];
  await say(mia, "An agent, please");
  await message(mia, "I am silent from now on").waitFor();
  await openEntry(ada, "Tilda");
  await note(ada, "A note");
  await message(ada, "A note").waitFor();
  for (const page of [mia, ada]) {
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await accessibilityProblems(page)).toEqual([]);
    }
    await page.setViewportSize({ width: 360, height: 700 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  }
});
