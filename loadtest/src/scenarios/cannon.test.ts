import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { type Call, fire } from "./cannon.ts";

/** What it was asked, as `method path token`, and how it answers: `undefined` breaks the connection. */
async function server(answer: (n: number) => number | undefined): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const http = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization}`);
    const status = answer(asked.length - 1);
    if (status === undefined) request.socket.resetAndDestroy();
    else response.writeHead(status).end("{}");
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void http.close());
  const address = http.address();
  return { url: `http://127.0.0.1:${isAddress(address) ? address.port : 0}`, asked };
}

const isAddress = (address: AddressInfo | string | null): address is AddressInfo => typeof address === "object" && address !== null;
const LIKE: Call = { name: "like", method: "POST", pathOf: (n) => `/like/${n}`, expected: [409], amount: 6 };
const options = { tokens: ["a", "b", "c"], connections: 2, seconds: 5 };

test("each request is the next user's, and no more are sent than asked for", async () => {
  const { url, asked } = await server(() => 200);
  const { answered, byStatus, faults, latency } = await fire(LIKE, { ...options, url });
  expect(asked.toSorted((a, b) => a.localeCompare(b))).toEqual(
    ["a", "b", "c", "a", "b", "c"].map((token, n) => `POST /like/${n} Bearer ${token}`),
  );
  expect({ answered, byStatus, faults }).toEqual({ answered: 6, byStatus: new Map([[200, 6]]), faults: new Map() });
  expect(latency.count).toBe(6);
});

test("a refusal that is to be expected is an outcome; any other, and an answer that never comes, is a fault", async () => {
  const { url } = await server((n) => [200, 409, 500, undefined, 409, 429][n]);
  const { byStatus, faults, unanswered } = await fire(LIKE, { ...options, url, connections: 1 });
  expect(byStatus.get(409)).toBe(2);
  expect(unanswered).toBe(1);
  expect(faults).toEqual(
    new Map([
      ["status 500", 1],
      ["status 429", 1],
      ["ECONNRESET", 1],
    ]),
  );
});
