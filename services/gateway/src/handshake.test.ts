import { expect, test } from "vitest";
import { type HandshakeRequest, type HandshakeRules, type HandshakeVerdict, judgeHandshake, judgePlainRequest } from "./handshake.ts";

const LISTED: HandshakeRules = { allowedOrigins: ["https://chat.example.com"], isAnyOriginAllowed: false };
const UNLISTED: HandshakeRules = { allowedOrigins: [], isAnyOriginAllowed: false };
const KEY = "dGhlIHNhbXBsZSBub25jZQ==";

interface Parts {
  path?: string;
  query?: string;
  hosts?: number;
  headers?: Readonly<Record<string, string>>;
}

/** A good handshake but for what is changed; headers that are absent are empty, as uWebSockets has them. */
function request({ path = "/live-chat/ws/42", query = "token=t", hosts = 1, headers = {} }: Parts): HandshakeRequest {
  const all: Record<string, string> = {
    host: "chat.example.com",
    upgrade: "websocket",
    connection: "Upgrade",
    "sec-websocket-key": KEY,
    "sec-websocket-version": "13",
    ...headers,
  };
  return { method: "get", path, query, hosts, header: (name) => all[name] ?? "" };
}

function judge(parts: Parts, rules: HandshakeRules = LISTED): HandshakeVerdict {
  return judgeHandshake(request(parts), rules);
}

function codeOf(parts: Parts, rules: HandshakeRules = LISTED): string {
  const verdict = judge(parts, rules);
  return verdict.ok ? "accepted" : verdict.code;
}

test("a plain handshake is version 1, one with the subprotocol version 2", () => {
  expect(judge({})).toEqual({
    ok: true,
    handshake: { path: { kind: "session", sessionId: 42 }, version: 1, token: "t", subprotocol: undefined },
  });
  expect(judge({ query: "", headers: { "sec-websocket-protocol": "drawchat.v2, bearer.a.b.c" } })).toEqual({
    ok: true,
    handshake: { path: { kind: "session", sessionId: 42 }, version: 2, token: "a.b.c", subprotocol: "drawchat.v2" },
  });
});

test("a socket of conversations speaks version 2; its other checks are those of a live chat", () => {
  const conversations = (headers: Record<string, string>, path = "/conversations/ws") => judge({ path, query: "", headers });
  expect(conversations({ "sec-websocket-protocol": "drawchat.v2, bearer.a.b.c" })).toEqual({
    ok: true,
    handshake: { path: { kind: "conversations" }, version: 2, token: "a.b.c", subprotocol: "drawchat.v2" },
  });
  const codes = [
    conversations({}),
    conversations({ "sec-websocket-protocol": "bearer.a.b.c" }),
    conversations({ "sec-websocket-protocol": "drawchat.v2", origin: "https://evil.com" }),
    conversations({ "sec-websocket-protocol": "drawchat.v2", "sec-websocket-version": "8" }),
    conversations({ "sec-websocket-protocol": `drawchat.v2, bearer.${"x".repeat(4_097)}` }),
    conversations({ "sec-websocket-protocol": "drawchat.v2" }, "/conversations/ws/"),
    conversations({ "sec-websocket-protocol": "drawchat.v2" }, "/conversations/ws/99"),
  ].map((verdict) => (verdict.ok ? "accepted" : verdict.code));
  expect(codes).toEqual(["bad_handshake", "bad_handshake", "origin_refused", "upgrade_version", "unauthorized", "not_found", "not_found"]);
});

test("an unknown subprotocol is passed over, and none is answered", () => {
  expect(judge({ headers: { "sec-websocket-protocol": "graphql-ws, drawchat.v9" } })).toEqual({
    ok: true,
    handshake: { path: { kind: "session", sessionId: 42 }, version: 1, token: "t", subprotocol: undefined },
  });
});

test("the token may come in the query, as Authorization or as subprotocol", () => {
  const ways: Parts[] = [
    { query: "token=t" },
    { query: "x=1&token=t" },
    { query: "", headers: { authorization: "Bearer t" } },
    { query: "", headers: { authorization: "bearer   t " } },
    { query: "", headers: { "sec-websocket-protocol": "bearer.t" } },
    { query: "token=t", headers: { authorization: "Bearer t", "sec-websocket-protocol": "bearer.t" } },
  ];
  for (const way of ways) expect(judge(way)).toMatchObject({ ok: true, handshake: { token: "t" } });
});

test("without a token, with a cookie alone or another scheme it is taken, to be closed with a readable code", () => {
  const ways: Parts[] = [
    { query: "" },
    { query: "token=" },
    { query: "", headers: { cookie: "token=t" } },
    { query: "", headers: { authorization: "Basic dDp0" } },
  ];
  for (const way of ways) expect(judge(way)).toMatchObject({ ok: true, handshake: { token: "" } });
});

test("two different tokens are refused", () => {
  expect(codeOf({ query: "token=a&token=b" })).toBe("ambiguous_credentials");
  expect(codeOf({ query: "token=a", headers: { authorization: "Bearer b" } })).toBe("ambiguous_credentials");
  expect(codeOf({ query: "token=a", headers: { "sec-websocket-protocol": "drawchat.v2, bearer.b" } })).toBe("ambiguous_credentials");
});

test("a token of 4,096 bytes passes, one byte more does not", () => {
  expect(codeOf({ query: `token=${"x".repeat(4_096)}` })).toBe("accepted");
  expect(codeOf({ query: `token=${"x".repeat(4_097)}` })).toBe("unauthorized");
  expect(codeOf({ query: "", headers: { authorization: `Bearer ${"x".repeat(4_097)}` } })).toBe("unauthorized");
});

test.each(["null", "https://chat.example.com.evil.com", "https://evil.com", "https://chat.example.com:8443"])(
  "the origin %s is neither on the list nor our own host",
  (origin) => {
    expect(codeOf({ headers: { origin } })).toBe("origin_refused");
  },
);

test("a listed origin passes, and none at all: that is no browser", () => {
  expect(codeOf({ headers: { origin: "https://chat.example.com" } })).toBe("accepted");
  expect(codeOf({ headers: {} })).toBe("accepted");
});

test("a page of our own host passes, with or without a list", () => {
  const elsewhere = { allowedOrigins: ["https://www.example.org"], isAnyOriginAllowed: false };
  expect(codeOf({ headers: { origin: "https://chat.example.com" } }, elsewhere)).toBe("accepted");
  expect(codeOf({ headers: { origin: "https://www.example.org" } }, elsewhere)).toBe("accepted");
});

test("without a list a page of the same host passes, any other does not", () => {
  expect(codeOf({ headers: { origin: "https://chat.example.com" } }, UNLISTED)).toBe("accepted");
  for (const origin of ["null", "https://evil.com", "https://chat.example.com:8443", "chat.example.com"]) {
    expect(codeOf({ headers: { origin } }, UNLISTED)).toBe("origin_refused");
    expect(codeOf({ headers: { origin } }, { allowedOrigins: [], isAnyOriginAllowed: true })).toBe("accepted");
  }
});

test.each(["8", "", "14", "13, 8", "1.3"])("version %j is not spoken", (version) => {
  expect(codeOf({ headers: { "sec-websocket-version": version } })).toBe("upgrade_version");
});

test("Upgrade and Connection must say websocket and upgrade, among other things and in any case", () => {
  expect(codeOf({ headers: { upgrade: "WebSocket", connection: "keep-alive, UPGRADE" } })).toBe("accepted");
  for (const upgrade of ["", "h2c", "websocket2"]) expect(codeOf({ headers: { upgrade } })).toBe("bad_handshake");
  for (const connection of ["", "keep-alive", "not-upgrade"]) expect(codeOf({ headers: { connection } })).toBe("bad_handshake");
});

test.each(["", "!".repeat(24), `${KEY.slice(0, 23)}x`, `${KEY}=`, KEY.slice(0, 22)])("the key %j is not 16 bytes in base64", (key) => {
  expect(codeOf({ headers: { "sec-websocket-key": key } })).toBe("bad_handshake");
});

test("there is exactly one Host", () => {
  expect(codeOf({ hosts: 0 })).toBe("bad_handshake");
  expect(codeOf({ hosts: 2 })).toBe("bad_handshake");
});

test.each(["0", "-1", "01", "1e3", "1.0", "%201", "%31%00", "9007199254740993", "../1", "1/", "", "1".repeat(1_000)])(
  "%j is no session",
  (id) => expect(codeOf({ path: `/live-chat/ws/${id}` })).toBe("session_not_found"),
);

test.each(["/", "/live-chat/ws", "/live-chat", "/LIVE-CHAT/ws/1", "//live-chat/ws/1"])("there is no socket at %s", (path) => {
  expect(codeOf({ path })).toBe("not_found");
});

test("a request that is no upgrade is told what it lacks", () => {
  const codeOfPlain = (method: string, path: string, version: string) => judgePlainRequest({ method, path, header: () => version });
  expect(codeOfPlain("get", "/live-chat/ws/42", "")).toBe("upgrade_version");
  expect(codeOfPlain("get", "/live-chat/ws/42", "13")).toBe("not_found");
  expect(codeOfPlain("post", "/live-chat/ws/42", "13")).toBe("method_not_allowed");
  expect(codeOfPlain("get", "/conversations/ws", "")).toBe("upgrade_version");
  expect(codeOfPlain("post", "/conversations/ws", "13")).toBe("method_not_allowed");
  expect(codeOfPlain("post", "/elsewhere", "")).toBe("not_found");
});
