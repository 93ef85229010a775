/** The load balancer as it runs in production: its own configuration in front of real gateways that come, drain and die. */

import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { ChatClient } from "@drawchat/client/chat-client";
import type { Sending } from "@drawchat/client/kept-outbox";
import { endAll } from "@drawchat/local/endings";
import { afterEach, expect, test } from "vitest";
import { type Cluster, type ProcessName, startCluster } from "../cluster.ts";
import { type Backend, startTestHaproxy } from "../haproxy.ts";
import { Viewer } from "./viewer.ts";

const DRAINED = 1012;

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  await endAll(cleanups);
});

/** Every socket that closed, with the delay that it was told before, if any. */
interface Goodbye {
  readonly code: number;
  readonly afterMs: number | undefined;
}

function watchedSockets(goodbyes: Goodbye[]) {
  return class extends WebSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols);
      let afterMs: number | undefined;
      this.addEventListener("message", ({ data }) => {
        const text = String(data);
        if (text.startsWith('{"type":"reconnect"')) afterMs = Number(/"after_ms":(\d+)/.exec(text)?.[1]);
      });
      this.addEventListener("close", ({ code }) => goodbyes.push({ code, afterMs }));
    }
  };
}

function backendOf(cluster: Cluster, name: ProcessName): Backend {
  return { port: Number(new URL(cluster.url(name)).port), probePort: Number(new URL(cluster.privateUrl(name)).port) };
}

async function socketsOf(cluster: Cluster, name: ProcessName): Promise<number> {
  const metrics = await (await fetch(`${cluster.privateUrl(name)}/metrics`)).text();
  return [...metrics.matchAll(/^drawchat_gateway_connections\{.*\} (\d+)$/gm)].reduce((sum, match) => sum + Number(match[1]), 0);
}

/** Each sends about seven lines a second, until told to stop; resolves with the texts once all are stored. */
function chatter(senders: readonly Viewer[], stop: AbortSignal): Promise<string[]> {
  const perSender = senders.map(async (viewer) => {
    const sendings: { text: string; settled: Sending["settled"] }[] = [];
    while (!stop.aborted) {
      const text = `${viewer.userId}-${sendings.length}`;
      sendings.push({ text, settled: viewer.client.send(text).settled });
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    const ends = await Promise.all(sendings.map(({ settled }) => settled));
    expect(ends.filter(({ status }) => status.state !== "stored")).toEqual([]);
    return sendings.map(({ text }) => text);
  });
  return Promise.all(perSender).then((texts) => texts.flat());
}

const byText = (a: string, b: string) => (a < b ? -1 : 1);

test("gateways come, drain, die and roll behind HAProxy: no line is lost, none doubled, and who drains says when to come back", {
  timeout: 90_000,
}, async () => {
  const cluster = await startCluster({ gateways: 3, env: { LIVE_CHAT_MAX_MESSAGES_PER_USER_PER_MINUTE: "0" } });
  cleanups.push(() => cluster.stop());
  const { id } = await cluster.session();
  const gateways = ["gateway-1", "gateway-2", "gateway-3"] as const;
  const haproxy = await startTestHaproxy({ gateway: backendOf(cluster, "gateway-1"), api: backendOf(cluster, "api-1"), gateways: 3 });
  cleanups.push(() => haproxy.stop());
  const place = (name: ProcessName) => haproxy.place(`gateways/${name}`, backendOf(cluster, name));
  await haproxy.command("set server gateways/gateway-3 state maint");
  await place("gateway-2");

  const goodbyes: Goodbye[] = [];
  const viewers: Viewer[] = [];
  cleanups.push(() => viewers.map((viewer) => viewer.client.stop()));
  const join = async (userId: number) => {
    const token = await cluster.token({ userId });
    const url = haproxy.url.replace("http:", "ws:");
    const client = new ChatClient({ url, sessionId: id, token, webSocket: watchedSockets(goodbyes) });
    const viewer = new Viewer(client, userId);
    viewers.push(viewer);
    client.start();
    await viewer.until("open", () => client.state.name === "open");
  };
  const restart = async (name: ProcessName) => {
    const up = haproxy.next(`Server gateways/${name} is UP`);
    await cluster.restart(name);
    await up;
  };
  /** What the sockets of a drained gateway were told. */
  const drain = async (name: ProcessName): Promise<Goodbye[]> => {
    const [before, sockets] = [goodbyes.length, await socketsOf(cluster, name)];
    const down = haproxy.next(`Server gateways/${name} is DOWN`);
    await Promise.all([cluster.kill(name, "SIGTERM"), down]);
    const told = goodbyes.slice(before).filter(({ code }) => code === DRAINED);
    expect(told.length).toBe(sockets);
    return told;
  };

  for (let userId = 1; userId <= 8; userId += 1) await join(userId);
  expect(await socketsOf(cluster, "gateway-2")).toBeGreaterThan(0);
  expect(await socketsOf(cluster, "gateway-3")).toBe(0);
  const chatting = new AbortController();
  const chat = chatter(viewers.slice(0, 5), chatting.signal);

  await place("gateway-3");
  for (let userId = 9; userId <= 12; userId += 1) await join(userId);
  expect(await socketsOf(cluster, "gateway-3")).toBeGreaterThan(0);

  const told = [await drain("gateway-1")];
  await restart("gateway-1");
  const cut = await socketsOf(cluster, "gateway-2");
  expect(cut).toBeGreaterThan(0);
  // Only what the balancer saw go down can it see come up again: a restart between two of its looks says nothing.
  await Promise.all([cluster.kill("gateway-2", "SIGKILL"), haproxy.next("Server gateways/gateway-2 is DOWN")]);
  await restart("gateway-2");
  for (const name of gateways) {
    told.push(await drain(name));
    await restart(name);
  }

  chatting.abort();
  const texts = await chat;
  expect(texts.length).toBeGreaterThan(150);
  const rows = await cluster.database.db.selectFrom("live_chat_messages").select(["id", "message"]).orderBy("id").execute();
  expect(rows.map(({ message }) => message).toSorted(byText)).toEqual(texts.toSorted(byText));
  for (const viewer of viewers.slice(0, 8)) {
    await viewer.until("all lines", () => viewer.lines.length >= rows.length);
    expect(viewer.lines.map((line) => line.id)).toEqual(rows.map((row) => row.id));
    expect({ doubled: viewer.doubled, resets: viewer.resets }).toEqual({ doubled: [], resets: 0 });
  }
  // Each was told, and not all the same.
  expect(told.flat().filter(({ afterMs }) => afterMs === undefined)).toEqual([]);
  for (const group of told.filter(({ length }) => length > 3)) expect(new Set(group.map(({ afterMs }) => afterMs)).size).toBeGreaterThan(1);
  expect(told.some(({ length }) => length > 3)).toBe(true);
});

/** A server that says what reached it. */
async function echo(name: string, seen: IncomingMessage[]): Promise<Backend & { server: Server }> {
  const server = createServer((request, response) => {
    if (request.url !== "/readyz") seen.push(request);
    response.end(name);
  });
  server.on("upgrade", (request, socket) => {
    seen.push(request);
    socket.on("error", () => socket.destroy()); // the balancer may cut it first
    socket.end("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { server, port, probePort: port };
}

test("paths lead where they belong, a claimed address is dropped, and no token is in the log", async () => {
  const seen: IncomingMessage[] = [];
  const gateway = await echo("gateway", seen);
  const api = await echo("api", seen);
  cleanups.push(() => [gateway, api].map(({ server }) => server.close()));
  const haproxy = await startTestHaproxy({ gateway, api, gateways: 1 });
  cleanups.push(() => haproxy.stop());

  const headers = { "X-Forwarded-For": "9.9.9.9", Forwarded: "for=9.9.9.9" };
  const answered = async (path: string) => await (await fetch(`${haproxy.url}${path}`, { headers })).text();
  expect(await answered("/live-chat/ws/1?token=secret-1")).toBe("gateway");
  expect(await answered("/conversations/ws?%74oken=secret-2")).toBe("gateway");
  expect(await answered("/live-chat/status?access_token=secret-3")).toBe("api");
  expect(await answered("/live-chat/wsx")).toBe("api");
  expect(await answered("/")).toBe("api");
  const logged = haproxy.next('"path":"/live-chat/ws/7"');
  const refused = Promise.withResolvers<void>();
  new WebSocket(`${haproxy.url.replace("http:", "ws:")}/live-chat/ws/7?token=secret-4`).addEventListener("error", () => refused.resolve());
  await refused.promise;

  expect(JSON.parse(await logged)).toMatchObject({
    component: "haproxy",
    client: "127.0.0.1",
    method: "GET",
    backend: "gateways",
    status: 503,
  });
  expect(seen.map((request) => request.headers["x-forwarded-for"])).toEqual(seen.map(() => "127.0.0.1"));
  expect(seen.flatMap((request) => request.headers.forwarded ?? [])).toEqual([]);
  expect(seen.map((request) => request.url)).toContain("/live-chat/ws/7?token=secret-4");
  expect(haproxy.lines.filter((line) => line.includes("secret"))).toEqual([]);
  expect(await (await fetch(`${haproxy.statusUrl}/readyz`)).json()).toEqual({ ready: true });
});

test("what a balancer of ours in front of it wrote is kept, and its own address added", async () => {
  const seen: IncomingMessage[] = [];
  const backend = await echo("any", seen);
  cleanups.push(() => backend.server.close());
  const haproxy = await startTestHaproxy({ gateway: backend, api: backend, gateways: 1, frontAddresses: "127.0.0.0/8" });
  cleanups.push(() => haproxy.stop());
  await fetch(haproxy.url, { headers: { "X-Forwarded-For": "9.9.9.9", "X-Forwarded-Proto": "https" } });
  expect(seen.map(({ headers }) => [headers["x-forwarded-for"], headers["x-forwarded-proto"]])).toEqual([["9.9.9.9, 127.0.0.1", "https"]]);
});
