/** What still works while Postgres cannot be reached: the parts' connections go through a relay that the test cuts. */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { connectDatabase } from "@drawchat/db/connect";
import { addSession } from "@drawchat/testkit/sessions";
import { afterAll, expect, test } from "vitest";
import { post, testApi, testStores } from "./test-api.ts";

const stores = await testStores();
const target = new URL(stores.database.url);
const open = new Set<Socket>();
const relay = createServer((socket) => {
  const upstream = connect(Number(target.port), target.hostname);
  for (const end of [socket, upstream]) {
    open.add(end);
    end.on("error", () => end.destroy());
    end.on("close", () => [socket, upstream].map((each) => each.destroy()));
  }
  socket.pipe(upstream).pipe(socket);
});
await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
const url = new URL(target);
url.port = String((relay.address() as AddressInfo).port);
const relayed = connectDatabase({ url: url.href, maxConnections: 2, applicationName: "test", onError: () => undefined });
afterAll(() => relayed.close());

const api = await testApi({ ...stores, database: { ...stores.database, ...relayed } });

test("status, the newest messages and likes go on, the rest is 503", async () => {
  const { id } = await addSession(stores.database.db);
  const ids = await post(api.parts.acceptor, id, ["one", "two", "three"]);
  expect((await api.call("GET /live-chat/status")).status).toBe(200);
  relay.close();
  for (const socket of open) socket.destroy();

  expect((await api.call("GET /live-chat/status")).body).toMatchObject({ state: "open", session_id: id });
  const page = await api.call("GET /live-chat/messages?limit=3");
  expect(page.body).toMatchObject({ messages: ids.map((each) => ({ id: each })) });
  expect((await api.call("POST /live-chat/like")).body).toMatchObject({ total_likes: 1 });
  expect((await api.call(`POST /live-chat/like-message/${ids[0]}`)).body).toMatchObject({ likes: 1 });

  const unavailable = { status: 503, code: "unavailable" };
  expect((await api.call(`GET /live-chat/messages?before=${ids[0]}`)).body).toMatchObject(unavailable);
  expect((await api.call("GET /live-chat/sessions", { roles: ["admin"] })).body).toMatchObject(unavailable);
  expect((await api.call(`GET /live-chat/status?session_id=${id + 1}`)).body).toMatchObject(unavailable);
  expect((await api.call(`GET /live-chat/status?session_id=${id}`)).body).toMatchObject({ state: "open", session_id: id });
});
