/** A trail as a gateway tells it, with what can go wrong on the way: overwritten, started anew, gone. */
import { createServer, type Server } from "node:http";
import { freePort } from "@drawchat/local/ports";
import { afterEach, expect, test } from "vitest";
import { MARK_BEGIN, MARK_END, type TrailEntry } from "../observations.ts";
import { TrailTap } from "./trail-tap.ts";

let server: Server | undefined;
afterEach(() => stop());

async function stop(): Promise<void> {
  server?.closeAllConnections();
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  server = undefined;
}

interface Told {
  boot: string;
  from: number;
  entries: readonly TrailEntry[];
}

/** Every side tells the same: what it has from `from` on, as far as it is asked for. */
async function gatewayThatTells(told: Told): Promise<string> {
  const port = await freePort();
  server = createServer((request, response) => {
    const query = new URL(request.url ?? "/", "http://gateway").searchParams;
    const slice = (side: string) => {
      const from = Math.max(Number(query.get(side)), told.from);
      return { from, next: told.from + told.entries.length, entries: told.entries.slice(from - told.from) };
    };
    response.end(JSON.stringify({ boot: told.boot, relayed: slice("relayed"), handed1: slice("handed1"), handed2: slice("handed2") }));
  });
  await new Promise<void>((resolve) => server?.listen(port, "127.0.0.1", resolve));
  return `http://127.0.0.1:${port}`;
}

async function startTap(told: Told): Promise<TrailTap> {
  const tap = new TrailTap({ name: "gateway-1", privateUrl: await gatewayThatTells(told) }, "s1");
  expect(await tap.start()).toBe(true);
  return tap;
}

const begin: TrailEntry = [100, MARK_BEGIN];
const first: readonly TrailEntry[] = [begin, [164, 2], [228, 2]];

test("what comes later is added once, and it is known how far the gateway is", async () => {
  const told = { boot: "a", from: 0, entries: first };
  const tap = await startTap(told);
  expect([tap.isAt(228), tap.isAt(292)]).toEqual([true, false]);
  told.entries = [...first, [292, 3]];
  const trail = await tap.finish();
  expect(trail).toEqual({ gateway: "gateway-1", relayed: told.entries, handed1: told.entries, handed2: told.entries });
});

test("of what was overwritten the gateway answers for nothing", async () => {
  const told: Told = { boot: "a", from: 0, entries: first };
  const tap = await startTap(told);
  Object.assign(told, {
    from: 6,
    entries: [
      [484, 2],
      [548, 2],
    ],
  });
  expect((await tap.finish()).relayed).toEqual([...first, [228, MARK_END], [483, MARK_BEGIN], [484, 2], [548, 2]]);
});

test("a gateway that was started anew answers again from where it opened its room", async () => {
  const told: Told = { boot: "a", from: 0, entries: first };
  const tap = await startTap(told);
  Object.assign(told, {
    boot: "b",
    entries: [
      [420, MARK_BEGIN],
      [484, 1],
    ],
  });
  expect((await tap.finish()).relayed).toEqual([...first, [228, MARK_END], [420, MARK_BEGIN], [484, 1]]);
});

test("a gateway that is gone answers for what it told", async () => {
  const tap = await startTap({ boot: "a", from: 0, entries: first });
  await stop();
  expect((await tap.finish()).relayed).toEqual([...first, [228, MARK_END]]);
});

test("one that keeps no trail is not watched, one that says something else is an error", async () => {
  const port = await freePort();
  const answer = { status: 404, body: '{"status":404}' };
  server = createServer((_, response) => response.writeHead(answer.status).end(answer.body));
  await new Promise<void>((resolve) => server?.listen(port, "127.0.0.1", resolve));
  const tap = new TrailTap({ name: "gateway-1", privateUrl: `http://127.0.0.1:${port}` }, "s1");
  expect(await tap.start()).toBe(false);
  answer.status = 200;
  await expect(tap.start()).rejects.toThrow("something else than a trail");
});
