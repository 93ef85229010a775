import * as uWS from "uWebSockets.js";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { clientFrame, closeFrame, OPCODE } from "./client-frame.ts";
import { FrameReader } from "./frame-reader.ts";
import { handshakeText, readHandshake } from "./handshake.ts";

/** Says back what it hears, and how it was left. */
const app = uWS.App();
let port = 0;
const left = Promise.withResolvers<number>();

beforeAll(async () => {
  app.ws("/echo", {
    maxPayloadLength: 70_000,
    message: (socket, message, isBinary) => void socket.send(Buffer.from(message), isBinary),
    close: (_socket, code) => left.resolve(code),
  });
  app.get("/busy", (response) => void response.writeStatus("503 Service Unavailable").writeHeader("Retry-After", "7").end());
  const socket = await new Promise<uWS.us_listen_socket | false>((resolve) => app.listen("127.0.0.1", 0, resolve));
  if (socket === false) throw new Error("no port");
  port = uWS.us_socket_local_port(socket);
});
afterAll(() => app.close());

async function answerOf(path: string): Promise<Buffer> {
  const socket = connect(port, "127.0.0.1");
  socket.write(handshakeText(`127.0.0.1:${port}`, { path, headers: {} }));
  const chunks: Buffer[] = [];
  for await (const chunk of socket) {
    chunks.push(Buffer.from(chunk));
    if (readHandshake(Buffer.concat(chunks)) !== undefined) break;
  }
  return Buffer.concat(chunks);
}

test("a server reads masked frames of every length form, and learns the close code", async () => {
  const texts = ["", "x", "é".repeat(62), "y".repeat(126), "z".repeat(65_535)];
  const socket = connect(port, "127.0.0.1");
  socket.write(handshakeText(`127.0.0.1:${port}`, { path: "/echo", headers: {} }));
  const heard: string[] = [];
  const done = Promise.withResolvers<void>();
  const reader = new FrameReader({
    onText: (payload) => {
      heard.push(payload.toString("utf8"));
      if (heard.length === texts.length) done.resolve();
    },
    onPing: () => undefined,
    onClose: (code) => done.reject(new Error(`closed with ${code}`)),
    onBroken: (problem) => done.reject(new Error(problem)),
  });
  let isUpgraded = false;
  socket.on("data", (bytes: Buffer) => {
    if (isUpgraded) reader.push(bytes, bytes.length);
    else if (readHandshake(bytes)?.kind === "upgraded") for (const text of texts) socket.write(clientFrame(OPCODE.text, text));
    isUpgraded = true;
  });
  await done.promise;
  expect(heard).toEqual(texts);
  socket.write(closeFrame(1001));
  expect(await left.promise).toBe(1001);
  socket.destroy();
});

test("a refusal tells its status and when to come back", async () => {
  expect(readHandshake(await answerOf("/busy"))).toEqual({ kind: "refused", status: 503, retryAfterMs: 7_000 });
});

test("an upgrade for another key is none", () => {
  const answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n";
  expect(readHandshake(Buffer.from(answer))).toEqual({ kind: "refused", status: 0, retryAfterMs: undefined });
  expect(readHandshake(Buffer.from(answer.slice(0, -2)))).toBeUndefined();
  expect(readHandshake(Buffer.from("x".repeat(20_000)))).toMatchObject({ kind: "refused", status: 0 });
});
