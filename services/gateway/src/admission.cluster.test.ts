/** Admission over real sockets: behind a trusted proxy, at its limits, and on a gateway that is full. */
import { setTimeout as sleep } from "node:timers/promises";
import { TestClient } from "@drawchat/testkit/client";
import { type Cluster, startCluster } from "@drawchat/testkit/cluster";
import { handshake, RawSocket } from "@drawchat/testkit/raw-socket";
import { afterAll, beforeAll, expect, test } from "vitest";

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({
    env: {
      TRUSTED_PROXIES: "127.0.0.0/8",
      GATEWAY_HANDSHAKES_PER_ADDRESS_PER_SECOND: "5",
      GATEWAY_MAX_SOCKETS_PER_ADDRESS: "2",
      GATEWAY_OVERLOAD_PERCENT: "30,32,34",
      GATEWAY_OVERLOAD_HOLD_MS: "300",
    },
  });
});
afterAll(() => cluster.stop());

test("behind a trusted proxy each client is judged by its own address, and a refusal says when to come again", async () => {
  const { id } = await cluster.session();
  const from = (address: string) => ({ headers: { "x-forwarded-for": `6.6.6.6, ${address}` } });
  const options = await cluster.clientOptions(id);
  const first = await TestClient.join({ ...options, ...from("203.0.113.1") });
  await TestClient.join({ ...options, ...from("203.0.113.1") });
  await TestClient.join({ ...options, ...from("203.0.113.2") });

  const raw = new RawSocket(Number(new URL(cluster.url("gateway-1")).port));
  raw.send(handshake({ path: `/live-chat/ws/${id}`, headers: { "x-forwarded-for": "203.0.113.1" } }));
  const answer = await raw.until((received) => received.includes("rate_limited"));
  expect(answer).toMatch(/^HTTP\/1.1 429 Too Many Requests/);
  expect(answer).toMatch(/Retry-After: 1\r\n/i);
  raw.destroy();

  await first.close();
  const back = await TestClient.join({ ...options, ...from("203.0.113.1") });
  await back.say("there is room again");
});

/** From the gateway's metrics: the value of a series, 0 where there is none. */
async function metric(series: string): Promise<number> {
  const text = await (await fetch(`${cluster.privateUrl("gateway-1")}/metrics`)).text();
  const line = text.split("\n").find((one) => one.startsWith("drawchat_") && series.split(" ").every((part) => one.includes(part)));
  return Number(line?.split(" ").at(-1) ?? 0);
}

const stepsOf = async (move: string) =>
  Promise.all(["ticks", "counts", "admission"].map((step) => metric(`drawchat_gateway_load_steps_total step="${step}" move="${move}"`)));

/** Takes the processor away from the gateway, for most of the time, until it is stopped: its loop comes late. */
function starve(): { stop: () => Promise<void> } {
  const stopped = new AbortController();
  const run = async () => {
    while (!stopped.signal.aborted) {
      await cluster.kill("gateway-1", "SIGSTOP");
      await sleep(200);
      await cluster.kill("gateway-1", "SIGCONT");
      await sleep(50);
    }
  };
  const running = run();
  return {
    stop: async () => {
      stopped.abort();
      await running;
    },
  };
}

test("a full gateway takes one step after another, refuses new sockets at last, and takes all of it back", async () => {
  const { id } = await cluster.session();
  const options = { ...(await cluster.clientOptions(id)), headers: { "x-forwarded-for": "203.0.113.9" } };
  const open = await TestClient.join(options);
  const starving = starve();
  await expect.poll(() => metric("drawchat_gateway_load_level"), { timeout: 10_000 }).toBe(3);
  expect(Math.min(...(await stepsOf("taken")))).toBeGreaterThanOrEqual(1);

  const raw = new RawSocket(Number(new URL(cluster.url("gateway-1")).port));
  raw.send(handshake({ path: `/live-chat/ws/${id}`, headers: { "x-forwarded-for": "203.0.113.10" } }));
  const answer = await raw.until((received) => received.includes("overloaded"));
  expect(answer).toMatch(/^HTTP\/1.1 503 Service Unavailable/);
  expect(answer).toMatch(/Retry-After: \d+\r\n/i);
  raw.destroy();
  expect(await metric('drawchat_gateway_handshakes_refused_total code="overloaded"')).toBeGreaterThanOrEqual(1);
  await open.say("who is in is served");

  await starving.stop();
  await expect.poll(() => metric("drawchat_gateway_load_level"), { timeout: 10_000 }).toBe(0);
  expect(await stepsOf("ended")).toEqual(await stepsOf("taken"));
  await (await TestClient.join(options)).say("and everybody may come again");
});
