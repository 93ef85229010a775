/** Handshakes as they must not be: each gets its exact answer, and the gateway takes no harm. */
import { randomBytes } from "node:crypto";
import { signToken } from "@drawchat/auth/token";
import { TestClient } from "@drawchat/testkit/client";
import { type Cluster, startCluster } from "@drawchat/testkit/cluster";
import { type HandshakeParts, handshake, RawSocket } from "@drawchat/testkit/raw-socket";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openRaw, outcomeOf } from "../test/raw-chat.ts";
import { metric, Witness } from "../test/witness.ts";

const ORIGIN = "https://chat.example.com";
const TOKEN_REFUSED = "101 4501 token missing, bad, expired or revoked";

const SOON = { timeout: 10_000 };

let cluster: Cluster;
let witness: Witness;
let sessionId: number;
let path: string;
let token: string;
let silent: Promise<string>[];

beforeAll(async () => {
  cluster = await startCluster({ env: { ALLOWED_ORIGINS: ORIGIN, LOG_LEVEL: "debug", GATEWAY_JOINS_PER_USER_PER_10_SECONDS: "1000" } });
  witness = await Witness.watch(cluster);
  sessionId = (await cluster.session()).id;
  path = `/live-chat/ws/${sessionId}`;
  token = await cluster.token();
  silent = beginSilence();
});
afterAll(() => cluster.stop());

const port = () => Number(new URL(cluster.url("gateway-1")).port);
const answerTo = (parts: Partial<HandshakeParts>) => outcomeOf(port(), handshake({ path: `${path}?token=${token}`, ...parts }));

/** Sockets that never finish a request: one says nothing, one stops halfway, one sends a byte every two seconds. */
function beginSilence(): Promise<string>[] {
  const half = `GET ${path} HTTP/1.1\r\nHost: x\r\nX-Slow: `;
  return ["", half, half].map(async (start, i) => {
    const raw = new RawSocket(port());
    raw.send(start);
    const trickle = i === 2 ? setInterval(() => raw.send("x"), 2_000) : undefined;
    try {
      return await raw.untilClosed();
    } finally {
      clearInterval(trickle);
    }
  });
}

test("a good handshake is answered and the socket listens", async () => {
  expect(await answerTo({})).toBe("101 open");
});

test("without a token, or with an empty one, the close says so", async () => {
  expect(await answerTo({ path })).toBe(TOKEN_REFUSED);
  expect(await answerTo({ path: `${path}?token=` })).toBe(TOKEN_REFUSED);
});

test("a token that is malformed, foreign, altered or over gets the same close", async () => {
  const key = { kind: "secret" as const, secret: randomBytes(32) };
  const config = { key, issuer: "drawchat", audience: "drawchat", maxAgeSeconds: 86_400 };
  const foreign = await signToken(config, { userId: 1, username: "ann", expiresInSeconds: 60 });
  const [head, , signature] = token.split(".");
  const [, otherPayload] = (await cluster.token({ userId: 2 })).split(".");
  const tokens = ["x", "a.b.c", foreign, `${head}.${otherPayload}.${signature}`, await cluster.token({ expiresInSeconds: -10 })];
  for (const bad of tokens) expect(await answerTo({ path: `${path}?token=${bad}` })).toBe(TOKEN_REFUSED);
});

test("a token of up to 4,096 bytes is looked at, a longer one is refused before the upgrade", async () => {
  for (const authorization of [undefined, "header"]) {
    const ask = (size: number) => {
      const long = "x".repeat(size);
      return authorization ? answerTo({ path, headers: { Authorization: `Bearer ${long}` } }) : answerTo({ path: `${path}?token=${long}` });
    };
    expect(await ask(4_096)).toBe(TOKEN_REFUSED);
    expect(await ask(4_097)).toBe("401 unauthorized");
  }
});

test("two different tokens are ambiguous", async () => {
  expect(await answerTo({ headers: { Authorization: "Bearer other" } })).toBe("400 ambiguous_credentials");
});

test.each(["null", `${ORIGIN}.evil.com`, `${ORIGIN}:8443`, "https://evil.com"])("the origin %s is refused", async (origin) => {
  expect(await answerTo({ headers: { Origin: origin } })).toBe("403 origin_refused");
});

test("a listed origin passes, and none with a token in a header", async () => {
  expect(await answerTo({ headers: { Origin: ORIGIN } })).toBe("101 open");
  expect(await answerTo({ path, headers: { Authorization: `Bearer ${token}` } })).toBe("101 open");
});

test("a cookie is no token", async () => {
  expect(await answerTo({ path, headers: { Cookie: `token=${token}`, Origin: ORIGIN } })).toBe(TOKEN_REFUSED);
});

test("another version of the protocol, or none, is told which one is spoken", async () => {
  for (const version of ["8", undefined]) {
    const raw = new RawSocket(port());
    raw.send(handshake({ path, headers: { "Sec-WebSocket-Version": version } }));
    const received = await raw.untilClosed();
    expect(received).toMatch(/^HTTP\/1.1 426 /);
    expect(received).toContain("\r\nSec-WebSocket-Version: 13\r\n");
  }
});

test("without Upgrade, Connection or a good key it is no handshake", async () => {
  expect(await answerTo({ headers: { Upgrade: undefined } })).toBe("400 bad_handshake");
  expect(await answerTo({ headers: { Connection: undefined } })).toBe("400 bad_handshake");
  expect(await answerTo({ headers: { "Sec-WebSocket-Key": "!".repeat(24) } })).toBe("400 bad_handshake");
  expect(await answerTo({ headers: { "Sec-WebSocket-Key": "short" } })).toBe("404 not_found");
  expect(await answerTo({ headers: { "Sec-WebSocket-Key": undefined } })).toBe("404 not_found");
});

test("only GET upgrades", async () => {
  expect(await answerTo({ method: "POST" })).toBe("405 method_not_allowed");
});

test("what is not HTTP/1.1 is cut with a status", async () => {
  expect(await answerTo({ httpVersion: "HTTP/1.0" })).toBe("505");
  expect(await outcomeOf(port(), handshake({ path }).replaceAll("\r\n", "\n"))).toBe("505");
  expect(await outcomeOf(port(), "\x16\x03\x01 garbage\r\n\r\n")).toBe("505");
});

test("a request has one Host", async () => {
  expect(await answerTo({ headers: { Host: undefined } })).toBe("400");
  expect(await outcomeOf(port(), handshake({ path }).replace("Host:", "Host: other\r\nHost:"))).toBe("400 bad_handshake");
});

test("headers over 8 KB, a path over 8 KB and more than 100 headers are too large", async () => {
  expect(await answerTo({ headers: { "X-Long": "x".repeat(9_000) } })).toBe("431");
  expect(await answerTo({ path: `${path}?x=${"x".repeat(9_000)}` })).toBe("431");
  const many = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`X-${i}`, "1"]));
  expect(await answerTo({ headers: many })).toBe("431");
});

test.each([
  ["0", "0"],
  ["-1", "-1"],
  ["01", "01"],
  ["1e3", "1e3"],
  ["1.0", "1.0"],
  ["%201", "%201"],
  ["%31%00", "%31%00"],
  ["9007199254740993", "9007199254740993"],
  ["../1", "../1"],
  ["a thousand digits", "1".repeat(1_000)],
])("%s is no session", async (_name, id) =>
  expect(await answerTo({ path: `/live-chat/ws/${id}?token=${token}` })).toBe("404 session_not_found"),
);

test("an unknown session, one that is over and one too far ahead are named by the close", async () => {
  const over = await cluster.session({ opensInMs: -120_000, closesInMs: -60_000 });
  const ahead = await cluster.session({ opensInMs: 3_600_000, closesInMs: 7_200_000 });
  const answerAt = (id: number) => answerTo({ path: `/live-chat/ws/${id}?token=${token}` });
  expect(await answerAt(987_654)).toBe("101 4504 there is no such session");
  expect(await answerAt(over.id)).toBe("101 4504 the session is over");
  expect(await answerAt(ahead.id)).toMatch(/^101 4504 opens_at=\d{4}-\d\d-\d\dT[\d:.]+Z$/);
});

test("unknown subprotocols and extensions are not answered", async () => {
  const url = `${cluster.url("gateway-1")}${path}?token=${token}`;
  const deflate = 'permessage-deflate; server_max_window_bits=99999; client_max_window_bits="x"';
  const raw = await openRaw(url, { "Sec-WebSocket-Protocol": "graphql-ws", "Sec-WebSocket-Extensions": deflate });
  expect(raw.received).not.toMatch(/sec-websocket-(protocol|extensions)/i);
  raw.destroy();
});

test("clients that leave while their token is verified leave nothing behind", async () => {
  const opened = await Promise.all(Array.from({ length: 40 }, async () => openRaw(`${cluster.url("gateway-1")}${path}?token=${token}`)));
  for (const raw of opened) raw.destroy();
  for (let i = 0; i < 40; i++) {
    const raw = new RawSocket(port());
    raw.send(handshake({ path: `${path}?token=${token}` }));
    raw.destroy();
  }
  await expect.poll(() => metric(cluster, "drawchat_gateway_connections", `"s${sessionId}"`), SOON).toBe(0);
  const client = await TestClient.join(await cluster.clientOptions(sessionId));
  await client.close();
});

test("who does not finish a request in about 10 s is cut", async () => {
  expect(await Promise.all(silent)).toEqual(["", "", ""]);
});

test("the gateway took no harm", () => witness.expectUnharmed());
