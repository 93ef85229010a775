/** The sweep over real sockets; its clock is turned by hand. */

import { createLog } from "@drawchat/runtime/log";
import { Metrics } from "@drawchat/runtime/metrics";
import type { RawSocket } from "@drawchat/testkit/raw-socket";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { closeOf, openRaw } from "../test/raw-chat.ts";
import { Admission } from "./admission.ts";
import { TrustedProxies } from "./client-address.ts";
import type { Connection } from "./connection.ts";
import { createGatewayMetrics } from "./metrics.ts";
import { GatewayServer } from "./server.ts";
import { Sweep } from "./sweep.ts";

let server: GatewayServer;
let sweep: Sweep;
let url: string;
let opened: PromiseWithResolvers<Connection>;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance", "Date"] });
  const ignore = () => undefined;
  server = new GatewayServer({
    log: createLog("test", "silent"),
    metrics: createGatewayMetrics(new Metrics("test"), {
      sockets: () => 0,
      connectionsByRoom: () => [],
      rooms: () => ({ session: 0, conversation: 0, notes: 0 }),
    }),
    admission: new Admission(
      { handshakesPerSecond: 100, handshakesPerAddressPerSecond: 100, maxConnections: 100, maxSocketsPerAddress: 0 },
      { refusesSockets: false },
    ),
    trustedProxies: new TrustedProxies([]),
    rules: { allowedOrigins: [], isAnyOriginAllowed: true },
    handlers: { v1: ignore, v2: ignore, conversations: ignore },
    onOpen: (connection) => opened.resolve(connection),
    onClose: ignore,
  });
  url = `http://127.0.0.1:${await server.listen("127.0.0.1", 0, false)}/live-chat/ws/1`;
  sweep = new Sweep(server.connections);
  sweep.start();
  opened = Promise.withResolvers();
});
afterEach(() => {
  sweep.stop();
  server.stopListening();
  server.close();
  vi.useRealTimers();
});

async function open(headers: Record<string, string> = {}): Promise<{ raw: RawSocket; connection: Connection }> {
  const raw = await openRaw(url, headers);
  return { raw, connection: await opened.promise };
}

/** Sends until so much waits in the gateway, because the kernel's buffers on both sides are full. */
async function clog(connection: Connection, bytes: number): Promise<void> {
  const chunk = Buffer.alloc(16_384, "x");
  while (connection.bufferedAmount() < bytes) {
    connection.send(chunk);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function identityUntil(expiresAtMs: number): NonNullable<Connection["identity"]> {
  return { userId: 1, username: "ann", profilePic: null, roles: [], isHost: false, issuedAtMs: 0, expiresAtMs };
}

test("who has not read for 5 s is told to go, and finds the reason when it reads again", async () => {
  const { raw, connection } = await open();
  raw.pause();
  await clog(connection, 100_000);
  vi.advanceTimersByTime(5_900);
  expect(connection.isAlive).toBe(true);
  vi.advanceTimersByTime(1_000);
  expect(connection.isAlive).toBe(false);
  expect(server.connections.size).toBe(0);
  raw.resume();
  expect(closeOf(await raw.untilClosed())).toBe("4008 reads too slowly");
});

test("who reads again in time stays", async () => {
  const { raw, connection } = await open();
  raw.pause();
  await clog(connection, 100_000);
  vi.advanceTimersByTime(4_000);
  raw.resume();
  await vi.waitUntil(() => connection.bufferedAmount() === 0);
  vi.advanceTimersByTime(30_000);
  expect(connection.isAlive).toBe(true);
  raw.destroy();
});

test("a backlog over 1 MiB is cut at once", async () => {
  const { raw, connection } = await open();
  raw.pause();
  const chunk = Buffer.alloc(16_384, "x");
  for (let sent = 0; sent < 4_096 && connection.isAlive; sent++) {
    connection.send(chunk);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(connection.isAlive).toBe(false);
  raw.destroy();
});

test("version 2 says hello within 5 s, version 1 need not", async () => {
  const v1 = await open();
  opened = Promise.withResolvers();
  const v2 = await open({ "Sec-WebSocket-Protocol": "drawchat.v2" });
  vi.advanceTimersByTime(5_000);
  expect(v2.connection.isAlive).toBe(true);
  vi.advanceTimersByTime(1_000);
  expect(closeOf(await v2.raw.untilClosed())).toBe("1008 no hello within 5 s");
  expect(v1.connection.isAlive).toBe(true);
  v1.raw.destroy();
});

test("a token that ends is announced a minute before to version 2, and closes 15 s after its end", async () => {
  const v1 = await open();
  opened = Promise.withResolvers();
  const v2 = await open({ "Sec-WebSocket-Protocol": "drawchat.v2" });
  const endsAtMs = Date.now() + 100_000;
  for (const { connection } of [v1, v2]) {
    connection.identity = identityUntil(endsAtMs);
    connection.isGreeted = true;
  }
  vi.advanceTimersByTime(39_000);
  expect(v2.connection.isExpiryTold).toBe(false);
  vi.advanceTimersByTime(75_000);
  expect([v1.connection.isAlive, v2.connection.isAlive]).toEqual([true, true]);
  vi.advanceTimersByTime(2_000);
  const [of1, of2] = await Promise.all([v1.raw.untilClosed(), v2.raw.untilClosed()]);
  expect([closeOf(of1), closeOf(of2)]).toEqual(["4501 token expired", "4501 token expired"]);
  expect(of1).not.toContain("token_expiring");
  expect(of2.split("token_expiring")).toHaveLength(2);
  expect(of2).toContain(new Date(endsAtMs).toISOString());
});
