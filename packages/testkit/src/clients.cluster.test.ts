import { afterAll, expect, test } from "vitest";
import { TestClient } from "./client.ts";
import { startCluster } from "./cluster.ts";
import { clientFrame, handshake, RawSocket } from "./raw-socket.ts";

const cluster = await startCluster({ gateways: 2, edge: true });
afterAll(() => cluster.stop());
const session = await cluster.session();

const portOf = (url: string) => Number(new URL(url).port);

const path = async () => `/live-chat/ws/${session.id}?token=${await cluster.token()}`;

test("a frame right behind the answer to the handshake is answered", async () => {
  const socket = new RawSocket(portOf(cluster.url("gateway-1")));
  socket.send(handshake({ path: await path() }));
  expect(await socket.status()).toBe(101);
  socket.send(clientFrame('{"type":"ping"}'));
  expect(await socket.until((text) => text.includes("pong"))).toContain('{"type":"pong"}');
  socket.destroy();
});

test("through the edge, so is one in the same packet as the handshake", async () => {
  const socket = new RawSocket(portOf(cluster.url("edge-1")));
  socket.send(Buffer.concat([Buffer.from(handshake({ path: await path() })), clientFrame('{"type":"ping"}')]));
  expect(await socket.until((text) => text.includes("pong"))).toContain('{"type":"pong"}');
  socket.destroy();
});

test("a frame with a reserved bit ends the connection", async () => {
  const socket = new RawSocket(portOf(cluster.url("gateway-1")));
  socket.send(handshake({ path: await path() }));
  expect(await socket.status()).toBe(101);
  socket.send(clientFrame('{"type":"ping"}', { reservedBits: 1 }));
  await socket.untilClosed();
});

test("a line of a version 1 socket reaches a version 2 socket at the other gateway", async () => {
  const bo = await TestClient.join(await cluster.clientOptions(session.id, { userId: 2, gateway: "gateway-2" }));
  const ann = await TestClient.open({ ...(await cluster.clientOptions(session.id)), version: 1 });
  ann.send({ type: "message", message: "hello" });
  await Promise.all([ann.waitForMessage("hello"), bo.waitForMessage("hello")]);
  expect(ann.frames.map(({ type }) => type)).toEqual(["new_message"]);
  await Promise.all([ann.close(), bo.close()]);
});

test.each(["query", "header", "subprotocol"] as const)("a token may come by %s", async (tokenIn) => {
  const client = await TestClient.join({ ...(await cluster.clientOptions(session.id, { userId: 3 })), tokenIn });
  expect(client.protocol).toBe("drawchat.v2");
  await client.close();
});

test("a socket without a token is closed with 4501", async () => {
  const client = new TestClient({ url: cluster.socketUrl(session.id) });
  expect((await client.closed).code).toBe(4501);
});

test("a process that is restarted keeps its address", async () => {
  await cluster.restart("gateway-1");
  const client = await TestClient.join(await cluster.clientOptions(session.id, { userId: 4 }));
  await client.close();
});

test("log lines of processes are read as records", async () => {
  const line = await cluster.waitForLog(({ process, msg }) => process === "gateway-1" && msg === "stopped");
  expect(line).toMatchObject({ process: "gateway-1", service: "gateway", level: "info" });
});
