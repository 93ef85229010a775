/** Takes the pictures of inbox and support widget for docs/ from a real chat: an agent and a customer with a screen. */
import { readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConversationsApi } from "@drawchat/client/conversations-api";
import type { BrowserContextOptions, Page } from "playwright-core";
import { PHONE, PLACE, picture } from "./camera.ts";
import { type RunningChat, withRunningChat } from "./running-chat.ts";

const rules = await rulesWithoutHours();
await withRunningChat({ CONVERSATIONS_BOT_USER_ID: "900000000", CONVERSATIONS_BOT_RULES: rules }, async (chat) => {
  const noor = await apiOf(chat, 21, "Noor", "agent");
  const clara = await agent(chat, "Clara", { viewport: { width: 1_360, height: 820 } });
  await otherCustomers(chat, noor);
  const mia = await customer(chat, "Mia Berger");
  await talk(mia, clara);
  await picture(mia, "support");
  await mia.getByLabel("Your message").pressSequentially("Thank you, that is so kind of", { delay: 150 });
  await clara.getByText("Mia Berger is typing").waitFor();
  await picture(clara, "inbox");
  await clara.emulateMedia({ colorScheme: "dark" });
  await picture(clara, "inbox-dark");
  const phone = await agent(chat, "Noor", PHONE);
  await phone.locator(".entry", { hasText: "Broken" }).click();
  await phone.locator(".message", { hasText: "new one is on its way" }).waitFor();
  await phone.locator(".picture img").waitFor();
  await picture(phone, "inbox-phone");
});
await rm(rules);

/** The demo's, for a bot that says the same by day and by night. */
async function rulesWithoutHours(): Promise<string> {
  const { opening_hours: _, ...all } = JSON.parse(await readFile(new URL("../../../infra/bot/rules.json", import.meta.url), "utf8"));
  const { closed_answer: __, ...handOff } = all.hand_off;
  const file = join(tmpdir(), `drawchat-rules-${process.pid}.json`);
  await writeFile(file, JSON.stringify({ ...all, hand_off: handOff }));
  return file;
}

async function apiOf(chat: RunningChat, userId: number, username: string, role?: "agent"): Promise<ConversationsApi> {
  const token = await chat.token({ userId, username, ...(role && { roles: [role] }) });
  const api = new ConversationsApi({ url: chat.url, token });
  await api.findMe(); // from here on others know of them
  return api;
}

/** What else waits in the list. */
async function otherCustomers(chat: RunningChat, noor: ConversationsApi): Promise<void> {
  const asked = [
    { name: "Jonas Lind", title: "Invoice for March", text: "Could I have the invoice with our company's address on it?" },
    { name: "شيماء", title: undefined, text: "هل يصل الشاي إلى الإسكندرية؟" },
    { name: "Elena Rossi", title: "Gift wrapping", text: "It is a present. Can you wrap it, and leave out the bill?" },
    { name: "Winston", title: undefined, text: "The kettle you sold me last year still whistles in tune. Thank you!" },
  ];
  const apis: ConversationsApi[] = [];
  const ids: number[] = [];
  for (const [n, { name, title, text }] of asked.entries()) {
    const api = await apiOf(chat, 31 + n, name);
    apis.push(api);
    const message = { client_id: crypto.randomUUID(), message: text };
    ids.push((await api.createConversation({ client_id: crypto.randomUUID(), message, ...(title && { title }) })).id);
  }
  const [invoice = 0, , gift = 0] = ids;
  await noor.changeConversation(invoice, { assignee_id: 21, labels: ["billing"] });
  await noor.sendMessage(invoice, { client_id: crypto.randomUUID(), message: "Of course. You have it in your mailbox in a minute." });
  await noor.changeConversation(gift, { priority: "high", labels: ["order"] });
  const [clara] = (await noor.listUsers({ q: "Clara" })).users;
  await noor.addParticipant(gift, clara?.id ?? 0);
  await apis[2]?.sendMessage(gift, { client_id: crypto.randomUUID(), message: "The blue paper, if you have it." });
}

async function customer(chat: RunningChat, name: string): Promise<Page> {
  const page = await (await chat.browser.newContext({ viewport: { width: 1_120, height: 780 }, ...PLACE })).newPage();
  await page.goto(`${chat.url}/support?name=${encodeURIComponent(name)}`);
  await page.getByRole("button", { name: "Chat with us" }).click();
  await page.getByText("How can we help?").waitFor();
  return page;
}

async function agent(chat: RunningChat, name: string, options: BrowserContextOptions): Promise<Page> {
  const page = await (await chat.browser.newContext({ ...PLACE, ...options })).newPage();
  await page.goto(`${chat.url}/inbox`);
  await page.getByLabel("Your name").fill(name);
  await page.getByRole("button", { name: "Open the inbox" }).click();
  await page.getByRole("heading", { name: "Inbox" }).waitFor();
  return page;
}

async function talk(mia: Page, clara: Page): Promise<void> {
  await write(mia, "Hello! How long does delivery take to Bremen?");
  await seen(mia, "We deliver within two working days");
  await write(mia, "I need a person: my parcel came, but it is dented.");
  await seen(mia, "I am silent from now on");
  await clara.locator(".entry", { hasText: "Mia Berger" }).click();
  await clara.getByRole("button", { name: "Assign to me" }).click();
  await change(clara, "Subject", "Broken parcel");
  await change(clara, "New label", "damaged");
  await clara.getByLabel("Priority").selectOption("urgent");
  await write(clara, "I am sorry to hear that, Mia. Can you send us a picture of it?");
  await seen(mia, "send us a picture");
  await mia.locator("input[type=file]").setInputFiles({ name: "parcel.png", mimeType: "image/png", buffer: await parcel(mia) });
  await mia.getByText("parcel.png is ready to be sent").waitFor({ state: "attached" });
  await write(mia, "Here it is. The tin inside is open.");
  await clara.locator(".picture img").waitFor();
  await clara.getByText("Private note", { exact: true }).first().click();
  await clara.getByLabel("Your private note").fill("Third one from this carrier this month.");
  await clara.keyboard.press("Enter");
  await clara.locator(".message.note").waitFor();
  await clara.getByText("Reply", { exact: true }).click();
  await write(clara, "Thank you. A new one is on its way, and you keep this one.");
  await seen(mia, "A new one is on its way");
  await clara.getByText("Seen by Mia Berger").waitFor();
}

async function write(page: Page, text: string): Promise<void> {
  await page.getByLabel("Your message").fill(text);
  await page.keyboard.press("Enter");
}

async function seen(page: Page, text: string): Promise<void> {
  await page.locator(".message", { hasText: text }).waitFor();
}

async function change(page: Page, label: string, value: string): Promise<void> {
  await page.getByLabel(label).fill(value);
  await page.keyboard.press("Enter");
}

/** Drawn there, so that no picture of anybody is needed. */
async function parcel(page: Page): Promise<Buffer> {
  const url = await page.evaluate(() => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [900, 600];
    const pen = canvas.getContext("2d");
    if (!pen) return "";
    const shape = (colour: string, points: readonly (readonly [number, number])[]) => {
      pen.fillStyle = colour;
      pen.beginPath();
      for (const [x, y] of points) pen.lineTo(x, y);
      pen.fill();
    };
    const light = pen.createLinearGradient(0, 0, 0, 600);
    light.addColorStop(0, "#dfe7e4");
    light.addColorStop(1, "#b9c6c1");
    pen.fillStyle = light;
    pen.fillRect(0, 0, 900, 600);
    shape("rgb(60 70 66 / 35%)", [
      [170, 500],
      [760, 480],
      [820, 530],
      [240, 560],
    ]);
    shape("#b98a55", [
      [180, 220],
      [520, 270],
      [520, 530],
      [180, 470],
    ]);
    shape("#9c7142", [
      [520, 270],
      [760, 200],
      [740, 330],
      [700, 360],
      [735, 400],
      [730, 440],
      [520, 530],
    ]);
    shape("#d2a670", [
      [180, 220],
      [430, 150],
      [560, 172],
      [600, 200],
      [640, 176],
      [760, 200],
      [520, 270],
    ]);
    shape("#efe4cf", [
      [320, 241],
      [380, 250],
      [380, 506],
      [320, 496],
    ]);
    shape("#f4f6f5", [
      [215, 300],
      [300, 312],
      [300, 400],
      [215, 386],
    ]);
    return canvas.toDataURL("image/png");
  });
  return Buffer.from(url.slice(url.indexOf(",") + 1), "base64");
}
