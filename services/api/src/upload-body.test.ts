/** Bodies that come slowly, without an end, or not to their end, on real sockets. */
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Incoming } from "@drawchat/files/incoming";
import { sleep } from "@drawchat/runtime/backoff";
import multipart from "@fastify/multipart";
import Fastify from "fastify";
import { afterAll, expect, test } from "vitest";
import { FORM_TYPE, filePart, form } from "../test/form.ts";
import { answerBrokenRequest } from "./broken-requests.ts";
import { asClientError, sendProblem } from "./problems.ts";
import { MULTIPART_LIMITS, UploadBodies } from "./upload-body.ts";

const dir = await mkdtemp(join(tmpdir(), "drawchat-test-bodies-"));
afterAll(() => rm(dir, { recursive: true }));

/** Of the server around it, for other requests. */
const REQUEST_TIMEOUT_MS = 200;

async function server(patience: { silenceMs: number; wholeMs: number }, answersAfterMs = 0) {
  const bodies = new UploadBodies(patience);
  const app = Fastify({
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: { headersTimeout: 200, connectionsCheckingInterval: 50 },
    clientErrorHandler: answerBrokenRequest,
    forceCloseConnections: "idle",
    return503OnClosing: false,
  });
  app.setErrorHandler((error, _request, reply) => sendProblem(reply, asClientError(error)));
  app.addHook("preClose", async () => bodies.stop());
  app.addHook("onSend", async (_request, reply) => void reply.header("connection", "close"));
  await app.register(multipart, { limits: MULTIPART_LIMITS });
  const received: string[] = [];
  const begun = Promise.withResolvers<void>();
  app.post("/", async (request, reply) => {
    const incoming = await Incoming.open(dir);
    try {
      const receiving = bodies.receive(request, reply, incoming);
      begun.resolve();
      await receiving;
      received.push((await incoming.read()).toString("latin1", 0, 100));
      return "";
    } finally {
      await incoming.close();
      await sleep(answersAfterMs);
    }
  });
  app.post("/text", async (request) => request.body);
  await app.listen({ host: "127.0.0.1", port: 0 });
  afterAll(() => app.close());
  return { app, received, begun: begun.promise, port: (app.server.address() as AddressInfo).port };
}

const CHUNKED = `POST / HTTP/1.1\r\nHost: x\r\nContent-Type: ${FORM_TYPE}\r\nTransfer-Encoding: chunked\r\n\r\n`;
const chunk = (bytes: Buffer) => Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
const whole = form(filePart("a file"));

/** Resolves with all that came back once the server has closed. */
function answerTo(port: number, speak: (socket: Socket) => void): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => speak(socket));
    let answer = "";
    socket.setEncoding("utf8").on("data", (text: string) => {
      answer += text;
    });
    socket.on("error", (error: NodeJS.ErrnoException) => (/EPIPE|ECONNRESET/.test(error.code ?? "") ? undefined : reject(error)));
    socket.on("close", () => resolve(answer));
  });
}

const nothingLeft = (before: number) =>
  expect.poll(() => [readdirSync(dir), readdirSync("/proc/self/fd").length <= before], { timeout: 5_000 }).toEqual([[], true]);

test("a body may take longer than other requests, as long as it comes", async () => {
  const { port, received } = await server({ silenceMs: 2_000, wholeMs: 10_000 });
  const answer = answerTo(port, (socket) => {
    socket.write(CHUNKED);
    const pieces = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => chunk(whole.subarray((i * whole.length) / 8, ((i + 1) * whole.length) / 8)));
    const timer = setInterval(() => {
      const piece = pieces.shift();
      if (piece === undefined) clearInterval(timer);
      socket.write(piece ?? "0\r\n\r\n");
    }, 50);
  });
  expect(await answer).toMatch(/^HTTP\/1.1 200 /);
  expect(received).toEqual(["a file"]);
});

test.each([
  ["silent for too long", { silenceMs: 300, wholeMs: 60_000 }, 0],
  ["not there in its time", { silenceMs: 60_000, wholeMs: 400 }, 50],
])("a body that is %s is 408, and nothing of it stays", async (_what, patience, dripMs) => {
  const { port, received } = await server(patience);
  const before = readdirSync("/proc/self/fd").length;
  let timer: NodeJS.Timeout | undefined;
  const answer = await answerTo(port, (socket) => {
    socket.write(CHUNKED);
    socket.write(chunk(whole.subarray(0, 60)));
    if (dripMs > 0) timer = setInterval(() => socket.write(chunk(Buffer.from("."))), dripMs);
  });
  clearInterval(timer);
  expect(answer).toMatch(/^HTTP\/1.1 408 /);
  expect(received).toEqual([]);
  await nothingLeft(before);
});

test("a body without an end is cut at the limit with 413, wherever in the form it is endless", async () => {
  const { port } = await server({ silenceMs: 5_000, wholeMs: 60_000 });
  const before = readdirSync("/proc/self/fd").length;
  const endings = { file: whole.subarray(0, -20), "behind the form": whole, "before it": Buffer.alloc(0) };
  for (const start of Object.values(endings)) {
    const answer = await answerTo(port, (socket) => {
      socket.write(CHUNKED);
      if (start.length > 0) socket.write(chunk(start));
      const megabyte = chunk(Buffer.alloc(1_048_576, "x"));
      const more = () => {
        while (socket.writable && socket.write(megabyte));
      };
      socket.on("drain", more);
      more();
    });
    // Who goes on writing into a closed connection may be reset before they read: then there is no answer at all.
    expect(answer).toMatch(/^(HTTP\/1.1 413 |$)/);
  }
  await nothingLeft(before);
});

test("a body that has taken its time is refused by its own answer, not as late", async () => {
  const { port } = await server({ silenceMs: 5_000, wholeMs: 60_000 }, 3 * REQUEST_TIMEOUT_MS);
  const tooMuch = Buffer.concat([whole.subarray(0, -20), Buffer.alloc(11 * 1_048_576)]);
  const answer = answerTo(port, (socket) => socket.write(Buffer.concat([Buffer.from(CHUNKED), chunk(tooMuch)])));
  expect(await answer).toMatch(/^HTTP\/1.1 413 /);
});

test("who is told that they were late and keeps the connection is cut", async () => {
  const { app, port } = await server({ silenceMs: 60_000, wholeMs: 60_000 });
  let answer = "";
  const stubborn = connect({ port, host: "127.0.0.1", allowHalfOpen: true }, () => {
    stubborn.write("POST /text HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 1000\r\n\r\nand then");
  });
  afterAll(() => stubborn.destroy());
  stubborn.setEncoding("utf8").on("data", (text: string) => {
    answer += text;
  });
  await once(stubborn, "end");
  expect(answer).toMatch(/^HTTP\/1.1 408 /);
  const connections = () => new Promise<number>((resolve) => app.server.getConnections((_error, count) => resolve(count)));
  await expect.poll(connections, { timeout: 10_000 }).toBe(0);
});

test("of a body that breaks off nothing stays", async () => {
  const { port, received } = await server({ silenceMs: 5_000, wholeMs: 60_000 });
  const before = readdirSync("/proc/self/fd").length;
  await answerTo(port, (socket) => {
    socket.write(CHUNKED);
    socket.write(chunk(Buffer.concat([whole.subarray(0, -20), Buffer.alloc(500_000)])), () => socket.destroy());
  });
  await nothingLeft(before);
  expect(received).toEqual([]);
});

test("a server that stops waits for none: 503, come again", async () => {
  const { app, port, begun } = await server({ silenceMs: 60_000, wholeMs: 60_000 });
  const answer = answerTo(port, (socket) => socket.write(Buffer.concat([Buffer.from(CHUNKED), chunk(whole.subarray(0, 60))])));
  await begun;
  await app.close();
  expect(await answer).toMatch(/^HTTP\/1.1 503 [\s\S]*"code":"draining"/);
});
