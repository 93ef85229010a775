import { createServer, type IncomingMessage, request } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from "node:net";
import { endAll } from "@drawchat/local/endings";
import { freePort } from "@drawchat/local/ports";
import { afterEach, expect, test } from "vitest";
import { Edge } from "./edge.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  await endAll(cleanups);
});

const url = (port: number) => new URL(`http://127.0.0.1:${port}`);

async function startEdge(gateways: readonly number[], api: number): Promise<number> {
  const edge = new Edge({ host: "127.0.0.1", port: 0, gateways: gateways.map(url), api: url(api), onSocket: () => () => undefined });
  const port = await edge.start();
  cleanups.push(() => edge.stop());
  return port;
}

/** An api that tells what reached it. */
async function startApi(): Promise<number> {
  const server = createServer((incoming, answer) => {
    incoming.setEncoding("utf8");
    let body = "";
    incoming.on("data", (text: string) => (body += text));
    incoming.on("end", () => answer.end(JSON.stringify({ url: incoming.url, headers: incoming.headers, body })));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanups.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** A gateway that keeps every byte it got and hands over each connection. */
async function startGateway(onConnection: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket.on("error", () => undefined));
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const HANDSHAKE =
  "GET /live-chat/ws/1?token=x HTTP/1.1\r\nHost: h\r\nuPgRaDe: websocket\r\nConnection: Upgrade\r\nX-Forwarded-For: 9.9.9.9\r\n\r\n";

function dial(port: number, bytes: string): Socket {
  const socket = connect(port, "127.0.0.1");
  cleanups.push(() => socket.destroy());
  socket.on("error", () => undefined).write(bytes);
  return socket;
}

/** What it sends until `wanted` appears or it ends. */
function readUntil(socket: Socket, wanted: string): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    socket.on("data", (bytes) => {
      text += bytes.toString("latin1");
      if (text.includes(wanted)) resolve(text);
    });
    socket.on("end", () => resolve(text));
  });
}

test("a handshake passes as it came, with the peer's address; frames right behind it pass after the answer", async () => {
  const [asked, framed] = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
  const gateway = await startGateway((socket) => {
    readUntil(socket, "\r\n\r\n").then(asked.resolve, asked.reject);
    readUntil(socket, "FRAME").then(framed.resolve, framed.reject);
    asked.promise.then(() => socket.write("HTTP/1.1 101 X\r\n\r\n"), asked.reject);
  });
  dial(await startEdge([gateway], 1), `${HANDSHAKE}FRAME`);
  expect(await asked.promise).toBe(HANDSHAKE.replace("9.9.9.9", "127.0.0.1"));
  expect(await framed.promise).toBe(`${HANDSHAKE.replace("9.9.9.9", "127.0.0.1")}FRAME`);
});

test("bytes pass both ways after the handshake", async () => {
  const gateway = await startGateway(
    (socket) =>
      void socket.once("data", () => {
        socket.write("HTTP/1.1 101 X\r\n\r\n");
        socket.pipe(socket);
      }),
  );
  const socket = dial(await startEdge([gateway], 1), HANDSHAKE);
  await readUntil(socket, "101");
  socket.write("hello");
  expect(await readUntil(socket, "hello")).toBe("hello");
});

test("sockets take turns at the gateways", async () => {
  const names: string[] = [];
  const both = Promise.withResolvers<void>();
  const note = (name: string) => () => {
    names.push(name);
    if (names.length === 4) both.resolve();
  };
  const port = await startEdge([await startGateway(note("a")), await startGateway(note("b"))], 1);
  for (let i = 0; i < 4; i += 1) dial(port, HANDSHAKE);
  await both.promise;
  expect(names.filter((name) => name === "a")).toHaveLength(2);
});

test("a gateway that is down is passed over", async () => {
  const gateway = await startGateway((socket) => void socket.once("data", () => socket.end("UP")));
  const port = await startEdge([await freePort(), gateway], 1);
  expect(await readUntil(dial(port, HANDSHAKE), "UP")).toBe("UP");
  expect(await readUntil(dial(port, HANDSHAKE), "UP")).toBe("UP");
});

test("with every gateway down the answer is a 503 problem", async () => {
  const answer = await readUntil(dial(await startEdge([await freePort()], 1), HANDSHAKE), "}");
  expect(answer).toMatch(/^HTTP\/1\.1 503 .*application\/problem\+json.*"code":"unavailable"/s);
});

test("a gateway's abrupt end reaches the client", async () => {
  const gateway = await startGateway((socket) => void socket.once("data", () => socket.resetAndDestroy()));
  const socket = dial(await startEdge([gateway], 1), HANDSHAKE);
  await new Promise((resolve) => socket.once("close", resolve));
  expect(socket.destroyed).toBe(true);
});

test("a client that does not read holds the gateway back", async () => {
  const block = Buffer.alloc(1 << 20);
  const blocks = 64;
  const outcome = Promise.withResolvers<"held back" | "all sent">();
  const gateway = await startGateway((socket) => {
    let sent = 0;
    let quiet: NodeJS.Timeout | undefined;
    const pump = () => {
      clearTimeout(quiet);
      if (sent === blocks) return outcome.resolve("all sent");
      sent += 1;
      quiet = setTimeout(() => outcome.resolve("held back"), 500); // a block stuck for so long: nobody takes it
      socket.write(block, pump);
    };
    socket.once("data", pump);
  });
  dial(await startEdge([gateway], 1), HANDSHAKE).pause();
  expect(await outcome.promise).toBe("held back");
});

async function fetchText(
  port: number,
  path: string,
  init: { method?: string; body?: string } = {},
): Promise<{ status: number; text: string }> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = request({ host: "127.0.0.1", port, path, method: init.method ?? "GET" }, resolve);
    outgoing.on("error", reject).end(init.body);
  });
  let text = "";
  for await (const chunk of answer) text += String(chunk);
  return { status: answer.statusCode ?? 0, text };
}

test("other paths go to the api with the peer's address, bodies included", async () => {
  const port = await startEdge([1], await startApi());
  const { status, text } = await fetchText(port, "/live-chat/like?session_id=1", { method: "POST", body: "{}" });
  expect(status).toBe(200);
  expect(JSON.parse(text)).toMatchObject({ url: "/live-chat/like?session_id=1", body: "{}", headers: { "x-forwarded-for": "127.0.0.1" } });
});

test("requests that follow each other on one connection are told apart", async () => {
  const port = await startEdge([1], await startApi());
  const socket = dial(port, "GET /one HTTP/1.1\r\nHost: h\r\n\r\nPOST /two HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi");
  const text = await readUntil(socket, "/two");
  expect(text.indexOf('"/one"')).toBeGreaterThan(0);
  expect(text.match(/HTTP\/1\.1 200/g)).toHaveLength(2);
});

test("with the api down the answer is a 503 problem", async () => {
  const { status, text } = await fetchText(await startEdge([1], await freePort()), "/live-chat/status");
  expect(status).toBe(503);
  expect(JSON.parse(text)).toMatchObject({ status: 503, code: "unavailable" });
});
