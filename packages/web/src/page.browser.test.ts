import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launchBrowser } from "@drawchat/testkit/browser";
import { type Cluster, startCluster } from "@drawchat/testkit/cluster";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { buildWeb } from "./build.ts";
import { enter as enterPage, expectLines, line, linesOf, PATIENCE, write } from "./steps.ts";

let cluster: Cluster;
let browser: Browser;
let webDir: string;

beforeAll(async () => {
  webDir = await mkdtemp(join(tmpdir(), "drawchat-test-web-"));
  await buildWeb(webDir);
  cluster = await startCluster({ gateways: 2, edge: true, webDir });
  await cluster.session();
  browser = await launchBrowser();
});

afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
});

afterAll(async () => {
  await browser.close();
  await cluster.stop();
  await rm(webDir, { recursive: true });
});

function enter(name: string): Promise<Page> {
  return enterPage(browser, cluster.url("edge-1"), name);
}

test("two people see each other's lines once, in one order, and both are counted", async () => {
  const [ann, bob] = [await enter("Ann"), await enter("Bob")];
  const texts = ["one from ann", "one from bob", "one again", "one last"];
  for (const [index, text] of texts.entries()) {
    await write(index % 2 === 0 ? ann : bob, text);
    await line(ann, text).waitFor();
    await line(bob, text).waitFor();
  }
  await expectLines(ann, "one").toEqual(texts);
  await expectLines(bob, "one").toEqual(texts);
  expect(await line(bob, "one from ann").locator("bdi").textContent()).toBe("Ann");
  await expect.poll(() => ann.getByTestId("viewers").textContent(), PATIENCE).toBe("2");
  await expect.poll(() => bob.getByTestId("viewers").textContent(), PATIENCE).toBe("2");
});

test("an own line is marked as stored once it is in the database", async () => {
  const ann = await enter("Ann");
  await write(ann, "kept for good");
  await line(ann, "kept for good").locator("[data-mark=stored]").waitFor();
  const rows = await cluster.database.db.selectFrom("live_chat_messages").select("id").where("message", "=", "kept for good").execute();
  expect(rows.map((row) => String(row.id))).toEqual([await line(ann, "kept for good").getAttribute("data-id")]);
});

test("lines of one person stand at one distance", async () => {
  const ann = await enter("Ann");
  const texts = ["pitch a", "pitch b", "pitch c"];
  for (const text of texts) await write(ann, text);
  for (const text of texts) await line(ann, text).locator("[data-mark=stored]").waitFor(); // nothing moves them any more
  const boxes = await Promise.all(texts.map((text) => line(ann, text).locator(".text").boundingBox()));
  const [first = 0, second = 0, third = 0] = boxes.map((box) => box?.y ?? 0);
  expect(second - first).toBeGreaterThan(20);
  expect(third - second).toBeCloseTo(second - first, 1);
});

test("markup in a text and in a name is shown as text", async () => {
  const ann = await enter("<i>Ann</i>");
  const text = "two <b>bold</b> <img src=x onerror=\"document.title='hacked'\">";
  await write(ann, text);
  await line(ann, "two").waitFor();
  await expectLines(ann, "two").toEqual([text]);
  expect(await line(ann, "two").locator("bdi").textContent()).toBe("<i>Ann</i>");
  expect(await line(ann, "two").locator("b, i, img").count()).toBe(0);
  expect(await ann.title()).toBe("Draw night chat");
});

test("a like is counted once, for both, and shown as liked after the tab forgot it", async () => {
  const [ann, bob] = [await enter("Ann"), await enter("Bob")];
  await write(ann, "three likes please");
  const heart = (page: Page) => line(page, "three likes please").getByRole("button", { name: /^Like/ });
  await heart(bob).click();
  await expect.poll(() => heart(ann).textContent(), PATIENCE).toBe("1");
  await bob.evaluate(() => {
    for (const key of Object.keys(sessionStorage)) if (key.startsWith("drawchat.liked")) sessionStorage.removeItem(key);
  });
  await bob.reload();
  await heart(bob).waitFor();
  expect(await heart(bob).getAttribute("aria-pressed")).toBe("false");
  await heart(bob).click();
  await expect.poll(() => heart(bob).getAttribute("aria-pressed"), PATIENCE).toBe("true");
  await expect.poll(() => heart(bob).textContent(), PATIENCE).toBe("1");
  await bob.getByRole("button", { name: /^Like this draw night/ }).click();
  await expect.poll(() => ann.getByTestId("total-likes").textContent(), PATIENCE).toBe("1");
});

test("a reload keeps the person and shows each line once", async () => {
  const [ann, bob] = [await enter("Ann"), await enter("Bob")];
  await write(ann, "four before");
  await line(bob, "four before").waitFor();
  await ann.reload();
  await line(ann, "four before").waitFor();
  await write(ann, "four after");
  await line(bob, "four after").waitFor();
  await expectLines(ann, "four").toEqual(["four before", "four after"]);
  await expectLines(bob, "four").toEqual(["four before", "four after"]);
  const people = await line(bob, "four").evaluateAll((lines) => lines.map((item) => item.querySelector("bdi")?.textContent ?? "same"));
  expect(people).toEqual(["Ann", "same"]);
});

test("what was written while a gateway was away arrives once, in order", async () => {
  const people = [await enter("Ann"), await enter("Bob")]; // one on each gateway
  for (const [index, page] of people.entries()) await write(page, `five ${index}`);
  for (const page of people) await expectLines(page, "five").toHaveLength(2);
  await cluster.kill("gateway-1");
  for (const [index, page] of people.entries()) await write(page, `five ${index + 2}`);
  for (const page of people) await expectLines(page, "five").toHaveLength(4);
  const [first, second] = await Promise.all(people.map((page) => linesOf(page, "five")));
  expect(first).toEqual(second);
  expect(first?.toSorted((a, b) => a.localeCompare(b))).toEqual(["five 0", "five 1", "five 2", "five 3"]);
  await cluster.restart("gateway-1");
});

test("who writes too fast is told for how long to wait, and keeps the text", async () => {
  const ann = await enter("Ann");
  for (let i = 0; i < 11; i += 1) await write(ann, `six ${i}`);
  await ann.getByText("You can write again in").waitFor();
  await line(ann, "Not sent: too many in a short time.").getByRole("button", { name: "Try again" }).waitFor();
  await expectLines(ann, "six").toHaveLength(11);
});
