import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { launchBrowser } from "@drawchat/testkit/browser";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeReportPage } from "./page.ts";
import { dirtyCertificate, sampleReport } from "./sample-report.ts";

const PHONE = { width: 390, height: 760 };
const browser = await launchBrowser();
const dir = await mkdtemp(join(tmpdir(), "drawchat-report-page-"));
const problems: string[] = [];
const requests: string[] = [];
let page: Page;

beforeAll(async () => {
  const path = join(dir, "report.html");
  await writeReportPage(path, sampleReport({ certificate: dirtyCertificate(), notes: ["</script><script>alert(1)</script>"] }));
  page = await browser.newPage({ viewport: PHONE, colorScheme: "dark" });
  page.on("console", (message) => problems.push(message.text()));
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("request", (request) => requests.push(request.url()));
  await page.goto(pathToFileURL(path).href);
});

afterAll(async () => {
  await browser.close();
  await rm(dir, { recursive: true, force: true });
});

// These run in the page, whose globals the types here do not know.
/** How many points of each chart's picture have a colour: ink that is neither grid nor text. */
const COLOURED_POINTS = `[...document.querySelectorAll(".plot canvas")].map((canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let coloured = 0;
  for (let at = 0; at < data.length; at += 4) {
    const [red, green, blue] = data.slice(at, at + 3);
    if (Math.max(red, green, blue) - Math.min(red, green, blue) > 60) coloured += 1;
  }
  return coloured;
})`;
const SIDEWAYS = "document.documentElement.scrollWidth - innerWidth";
const FOLDED_ON_PAPER = `(() => {
  dispatchEvent(new Event("beforeprint"));
  const folded = document.querySelectorAll("details:not([open])").length;
  dispatchEvent(new Event("afterprint"));
  return [folded, document.querySelectorAll("details:not([open])").length];
})()`;

test("a report opens from a file without a request and without an error, and its curves are drawn", async () => {
  const drawn = await page.evaluate<number[]>(COLOURED_POINTS);
  expect(drawn).toHaveLength(10);
  for (const points of drawn) expect(points).toBeGreaterThan(100);
  expect(await page.locator("h1").textContent()).toBe("Not clean: 2 lost, 1 doubled");
  expect(requests).toEqual([page.url()]);
  expect(problems).toEqual([]);
});

test("nothing scrolls sideways on a phone but what is meant to, also after the window became wide and narrow again", async () => {
  const sideways = () => page.evaluate<number>(SIDEWAYS);
  expect(await sideways()).toBe(0);
  await page.setViewportSize({ width: 1_200, height: 900 });
  expect(await sideways()).toBeLessThanOrEqual(0);
  await page.setViewportSize(PHONE);
  await expect.poll(sideways).toBe(0);
});

test("tables have headers of columns and rows, and every chart says what it shows", async () => {
  expect(await page.getByRole("rowheader", { name: "handed, gateway-2" }).count()).toBe(1);
  expect(await page.getByRole("columnheader", { name: "out of order" }).count()).toBe(1);
  expect(await page.getByRole("img", { name: /^CPU, cores over time\. gateway-1: least/ }).count()).toBe(1);
});

test("on paper everything is unfolded, and folded again after it", async () => {
  const [folded, foldedAfter = 0] = await page.evaluate<number[]>(FOLDED_ON_PAPER);
  expect(folded).toBe(0);
  expect(foldedAfter).toBeGreaterThan(5);
  expect(problems).toEqual([]);
});
