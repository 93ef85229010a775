/** The page that tries the calls, in a real browser. */
import { launchBrowser } from "@drawchat/testkit/browser";
import { type Cluster, startCluster } from "@drawchat/testkit/cluster";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

let cluster: Cluster;
let browser: Browser;

beforeAll(async () => {
  cluster = await startCluster({ gateways: 0, writers: 0, env: { API_DOCS: "true" } });
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser.close();
  await cluster.stop();
});

test("a call is tried with a token, and nobody outside is asked for anything", async () => {
  const session = await cluster.session();
  const page = await browser.newPage();
  const asked = new Set<string>();
  const problems: string[] = [];
  page.on("request", (request) => asked.add(new URL(request.url()).origin));
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(error.message));
  await page.goto(`${cluster.url("api-1")}/docs`);

  await page.getByRole("button", { name: "Authorize" }).first().click();
  const dialog = page.locator(".dialog-ux");
  await dialog.locator("input").fill(await cluster.token({ userId: 7 }));
  await dialog.getByRole("button", { name: "Apply credentials" }).click();
  await dialog.getByRole("button", { name: "Close" }).last().click();

  const call = page.locator(".opblock", { hasText: "/live-chat/status" });
  await call.locator(".opblock-summary").click();
  expect(await call.locator(".responses-wrapper").textContent()).toContain("2026-03-01T18:30:00.000Z"); // the example
  await call.getByRole("button", { name: "Execute" }).click();
  const answer = call.locator(".live-responses-table");
  await answer.getByText(`"session_id": ${session.id}`).waitFor();
  expect(await answer.textContent()).toContain('"state": "open"');
  const own = cluster.url("api-1");
  expect([...asked].filter((origin) => origin !== own && origin !== "null")).toEqual([]);
  expect(problems).toEqual([]);
});
