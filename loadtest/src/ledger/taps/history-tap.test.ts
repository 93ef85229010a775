import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { loadText } from "../../generator/load-text.ts";
import { HistoryTap } from "./history-tap.ts";

const RUN = 7;

/** Answers with these statuses in turn, then with the last one; 200 is a page of one message, and an empty one behind it. */
async function serve(statuses: readonly number[]): Promise<string> {
  let asked = 0;
  const server = createServer((request, response) => {
    const status = statuses[Math.min(asked, statuses.length - 1)] ?? 200;
    asked += 1;
    const message = loadText({ run: RUN, sender: 1, n: 2, sentUs: 1, bytes: 60 });
    const messages = request.url?.includes("before") === true ? [] : [{ id: 100, message }];
    response.writeHead(status).end(status === 200 ? JSON.stringify({ messages }) : "<html>not now</html>");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("a page that is refused for a moment is asked for again", async () => {
  const tap = new HistoryTap({ run: RUN, token: "t", url: await serve([429, 503, 200]) });
  expect(await tap.stored("s1", 0)).toEqual([{ id: 100, sender: 1, n: 2 }]);
});

test("a chat that does not tell its history for long enough is given up", async () => {
  const tap = new HistoryTap({ run: RUN, token: "t", url: await serve([200, 503]), retryWithinMs: 1 });
  await expect(tap.stored("s1", 0)).rejects.toThrow("no history of s1: 503");
});
