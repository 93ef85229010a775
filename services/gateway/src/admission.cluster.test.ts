/** Admission over real sockets: behind a trusted proxy, and at its limits. */

import { TestClient } from "@drawchat/testkit/client";
import { type Cluster, startCluster } from "@drawchat/testkit/cluster";
import { handshake, RawSocket } from "@drawchat/testkit/raw-socket";
import { afterAll, beforeAll, expect, test } from "vitest";

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({
    env: { TRUSTED_PROXIES: "127.0.0.0/8", GATEWAY_HANDSHAKES_PER_ADDRESS_PER_SECOND: "5", GATEWAY_MAX_SOCKETS_PER_ADDRESS: "2" },
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
