/** Takes the pictures of docs/ from a real chat: two people with a screen, and some without. */
import type { ChatClient } from "@drawchat/client/chat-client";
import type { BrowserContextOptions, Page } from "playwright-core";
import { PHONE, PLACE, picture } from "./camera.ts";
import { type RunningChat, withRunningChat } from "./running-chat.ts";

const DESK = { viewport: { width: 860, height: 780 } };

await withRunningChat({}, async (chat) => {
  const people = await peopleOf(chat);
  const mia = await enter(chat, "Mia", { ...DESK, colorScheme: "light" });
  const jonas = await enter(chat, "Jonas", { ...PHONE, colorScheme: "light" });
  await talk(people, mia, jonas);
  await picture(mia, "page");
  await mia.emulateMedia({ colorScheme: "dark" });
  await picture(mia, "page-dark");
  await picture(jonas, "page-phone");
  const guest = await embed(chat, "Lena");
  await guest.locator(".line").filter({ hasText: "Tickets close" }).waitFor();
  await picture(guest, "widget");
  for (const { client } of people.values()) client.stop();
});

type People = Map<string, { client: ChatClient; userId: number }>;

/** People who only talk; one of them won the last draw. */
async function peopleOf(chat: RunningChat): Promise<People> {
  const admin = await chat.token({ userId: 9, username: "admin", roles: ["admin"] });
  await fetch(`${chat.url}/live-chat/sessions/${chat.sessionId}/winners/13`, {
    method: "PUT",
    headers: { authorization: `Bearer ${admin}` },
  });
  const host = await chat.join({ userId: 12, username: "Clara", roles: ["host"] });
  const names = ["Noor", "Winston", "شيماء", "Tom"];
  const people: People = new Map([["Clara", { client: host, userId: 12 }]]);
  for (const [index, username] of names.entries()) {
    const userId = 13 + index;
    people.set(username, { client: await chat.join({ userId, username }), userId });
  }
  return people;
}

async function enter(chat: RunningChat, name: string, options: BrowserContextOptions): Promise<Page> {
  const context = await chat.browser.newContext({ ...PLACE, ...options });
  const page = await context.newPage();
  await page.goto(chat.url);
  await page.getByLabel("Your name").fill(name);
  await page.getByRole("button", { name: "Join the chat" }).click();
  await page.getByPlaceholder("Write to everyone…").waitFor();
  return page;
}

/** The example page, with the chat beside an article. */
async function embed(chat: RunningChat, name: string): Promise<Page> {
  const page = await (await chat.browser.newContext({ viewport: { width: 1_120, height: 760 }, ...PLACE })).newPage();
  await page.goto(`${chat.url}/embed-example.html?name=${name}`);
  await page.getByLabel("Your message").waitFor();
  return page;
}

async function talk(people: People, mia: Page, jonas: Page): Promise<void> {
  const say = async (name: string, text: string) => {
    await people.get(name)?.client.send(text).settled;
  };
  const write = async (page: Page, text: string) => {
    await page.getByLabel("Your message").fill(text);
    await page.keyboard.press("Enter");
    await page.locator(".line").filter({ hasText: text }).locator("[data-mark=stored]").waitFor();
  };
  await say("Clara", "Good evening, everyone! The numbers are drawn in half an hour. Tell us where you are watching from.");
  await say("Tom", "Hello from rainy Glasgow");
  await say("شيماء", "مساء الخير من الإسكندرية، بالتوفيق للجميع");
  await write(mia, "Lisbon here, on the balcony. First time I am watching live!");
  await write(jonas, "Hi Mia! Hamburg, with the whole family on one sofa.");
  await say("Noor", "Still cannot believe last week. If you hold a ticket: keep it in a safe place.");
  await like(mia, "Still cannot believe");
  await like(jonas, "Still cannot believe");
  await say("Winston", "How did you find out, Noor?");
  await say("Noor", "From this very chat, three seconds before the television.");
  await like(jonas, "three seconds before");
  await write(jonas, "My daughter picked the numbers: 4, 8, 15, 16, 23 and her birthday.");
  await write(mia, "Fingers crossed for her");
  await say("Clara", "Tickets close in ten minutes.");
  await mia.getByRole("button", { name: /^Like this/ }).click();
  await mia.getByText("Tickets close").waitFor();
  await mia
    .locator(".line")
    .filter({ hasText: "three seconds" })
    .getByRole("button", { name: /1 like/ })
    .waitFor();
}

async function like(page: Page, text: string): Promise<void> {
  const line = page.locator(".line").filter({ hasText: text });
  await line.hover();
  await line.getByRole("button", { name: /^Like/ }).click();
}
