/** Frames as they must not be: each gets its exact answer, nobody else sees anything of it, and nothing is stored. */
import { randomUUID } from "node:crypto";
import { ERRORS, type ErrorCode } from "@drawchat/protocol/errors";
import { TestClient } from "@drawchat/testkit/client";
import { startCluster } from "@drawchat/testkit/cluster";
import { clientFrame, type RawSocket } from "@drawchat/testkit/raw-socket";
import { afterAll, expect, test } from "vitest";
import { endOf, openRaw } from "../test/raw-chat.ts";
import { watchRoom } from "../test/watched-room.ts";
import { MARK, metric } from "../test/witness.ts";

const cluster = await startCluster({ env: { LOG_LEVEL: "debug" } });
afterAll(() => cluster.stop());
const { newcomer, watcher, witness, storedTexts } = await watchRoom(cluster);

async function openChat(): Promise<RawSocket> {
  const { url, token } = await newcomer();
  return openRaw(`${url}?token=${token}`);
}

/** Both versions, joined. */
async function bothVersions(): Promise<TestClient[]> {
  const v1 = await TestClient.open({ ...(await newcomer()), version: 1 });
  return [v1, await TestClient.join(await newcomer())];
}

/** The refusal says the fixed sentence and nothing of the input, and the socket goes on. */
async function expectRefusal(client: TestClient, frame: object | string | Uint8Array<ArrayBuffer>, code: ErrorCode, clientId?: string) {
  const before = client.frames.length;
  client.send(frame);
  client.send({ type: "ping" });
  const answer = await client.waitForAny((one) => one.type === "pong" && client.frames.indexOf(one) > before);
  const answers = client.frames.slice(before, client.frames.indexOf(answer)).filter((one) => one.type === "error");
  expect(answers).toEqual([{ type: "error", code, message: ERRORS[code].message, ...(clientId ? { client_id: clientId } : {}) }]);
}

async function refusedByBoth(frame: object | string | Uint8Array<ArrayBuffer>, code: ErrorCode): Promise<void> {
  for (const client of await bothVersions()) {
    await expectRefusal(client, frame, code);
    await client.close();
  }
}

/** Cases under short names. */
const named = <T>(cases: readonly T[]) => cases.map((one): [string, T] => [`${JSON.stringify(one)}`.slice(0, 30), one]);

test("a frame of 4,096 bytes is read, a longer one is refused politely up to 8 KB", async () => {
  const ping = (size: number) => `{"type":"ping","x":"${"x".repeat(size - 22)}"}`;
  const [v1, v2] = await bothVersions();
  for (const client of [v1, v2]) {
    client?.send(ping(4_096));
    await client?.waitFor("pong");
  }
  await refusedByBoth(ping(4_097), "too_large");
  await refusedByBoth(ping(8_192), "too_large");
});

const bytes = (...values: number[]) => Buffer.from(values);
const withBytes = (...bad: number[]) =>
  clientFrame(Buffer.concat([Buffer.from(`{"type":"message","message":"${MARK}`), bytes(...bad), Buffer.from('"}')]));
const opcodes = (...all: number[]) => all.map((opcode): [string, Buffer] => [`opcode ${opcode}`, clientFrame("x", { opcode })]);

test.each<[string, Buffer]>([
  ["8 KB and a byte", clientFrame("x".repeat(8_193))],
  [
    "fragments that sum up to more than 8 KB",
    Buffer.concat([clientFrame("x".repeat(5_000), { isFinal: false }), clientFrame("x".repeat(5_000), { opcode: 0 })]),
  ],
  ["a declared length of 2^63 - 1", bytes(0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0)],
  ["a declared length of 1 GiB", bytes(0x81, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0)],
  ["the first reserved bit", clientFrame("x", { reservedBits: 4 })],
  ["the second reserved bit", clientFrame("x", { reservedBits: 2 })],
  ["the third reserved bit", clientFrame("x", { reservedBits: 1 })],
  ...opcodes(3, 4, 5, 6, 7, 11, 12, 13, 14, 15),
  ["a continuation of nothing", clientFrame("x", { opcode: 0 })],
  ["a new text inside a fragmented one", Buffer.concat([clientFrame("x", { isFinal: false }), clientFrame("x")])],
  ["a fragmented ping", clientFrame("x", { opcode: 9, isFinal: false })],
  ["a ping of 126 bytes", clientFrame("x".repeat(126), { opcode: 9 })],
  ["bytes that are never UTF-8", withBytes(0xff, 0xfe)],
  ["an overlong slash", withBytes(0xc0, 0xaf)],
  ["a surrogate in UTF-8", withBytes(0xed, 0xa0, 0x80)],
  ["a character cut short", withBytes(0xe2, 0x82)],
])("%s is cut", async (_name, frame) => {
  const raw = await openChat();
  raw.send(frame);
  expect(await endOf(raw)).toBe("cut");
});

test("an unmasked frame swallows the next one and is cut", async () => {
  const raw = await openChat();
  raw.send(clientFrame('{"type":"ping"}', { isMasked: false }));
  raw.send(clientFrame('{"type":"ping"}'));
  expect(await endOf(raw)).toBe("cut");
  expect(raw.received).not.toContain("pong");
});

test.each<[string, Buffer]>([
  ["of one byte", bytes(1)],
  ["with a code that must not be sent", bytes(1_005 >> 8, 1_005 & 0xff)],
  ["with a reason that is not UTF-8", bytes(1_000 >> 8, 1_000 & 0xff, 0xff, 0xfe)],
  ["with a code of its own", bytes(4_999 >> 8, 4_999 & 0xff)],
])("a close frame %s closes", async (_name, payload) => {
  const raw = await openChat();
  raw.send(clientFrame(payload, { opcode: 8 }));
  await raw.untilClosed();
});

test("a client's own close codes become one label of the metric", async () => {
  expect(await metric(cluster, "drawchat_gateway_closed_total", 'code="other"')).toBeGreaterThan(0);
  expect(await metric(cluster, "drawchat_gateway_closed_total", 'code="4999"')).toBe(0);
});

test("a binary frame is of bad form", () => refusedByBoth(new TextEncoder().encode('{"type":"ping"}'), "bad_format"));

test.each(
  named([
    "",
    "null",
    "[]",
    '"x"',
    "1",
    "true",
    MARK,
    '\uFEFF{"type":"ping"}',
    '{"type":"ping"} x',
    '{"type":"ping","x":NaN}',
    "{'type':'ping'}",
    "[".repeat(2_000),
    `{"type":"ping","x":${"[".repeat(9)}${"]".repeat(9)}}`,
  ]),
)("%s is of bad form", (_name, text) => refusedByBoth(text, "bad_format"));

test.each(named(["{}", '{"type":7}', '{"type":"dance"}', `{"type":"${"x".repeat(4_000)}"}`, '{"__proto__":{"type":"ping"}}']))(
  "%s has no type that is known",
  (_name, text) => refusedByBoth(text, "unknown_type"),
);

test.each([undefined, 7, {}, ["hi"], null])("the message %j is no text", async (message) => {
  const [v1, v2] = await bothVersions();
  if (v1) await expectRefusal(v1, { type: "message", message }, "bad_message");
  const clientId = randomUUID();
  if (v2) await expectRefusal(v2, { type: "message", client_id: clientId, message }, "bad_message", clientId);
});

test.each<[string, ErrorCode, string]>([
  ["nothing", "empty_message", ""],
  ["blanks", "empty_message", " \n\t "],
  ["invisible characters", "empty_message", "\u200B\u2060\u3164\u00AD\u2800\u115F"],
  ["501 characters", "too_long", "x".repeat(501)],
  ["2,400 bytes in NFC", "too_long", "\u{1D160}".repeat(200)],
  ["a lone surrogate", "bad_text", "\uD800"],
  ["nine marks on a base", "bad_text", `z${"\u0301".repeat(9)}`],
])("a text of %s is refused with %s", async (_name, code, message) => {
  const [v1, v2] = await bothVersions();
  if (v1) await expectRefusal(v1, { type: "message", message }, code);
  const clientId = randomUUID();
  if (v2) await expectRefusal(v2, { type: "message", client_id: clientId, message }, code, clientId);
});

test.each(named([undefined, "x", 7, "x".repeat(3_000)]))("the client_id %s is none", async (_name, client_id) => {
  const client = await TestClient.join(await newcomer());
  await expectRefusal(client, { type: "message", client_id, message: MARK }, "bad_client_id");
});

test("the third frame of bad form ends the socket; mistakes of a person do not", async () => {
  for (const client of await bothVersions()) {
    for (let i = 0; i < 5; i++) await expectRefusal(client, '{"type":"dance"}', "unknown_type");
    for (let i = 0; i < 3; i++) client.send("no JSON");
    expect(await client.closed).toEqual({ code: 1008, reason: "repeated bad frames" });
    expect(client.frames.filter((frame) => frame.type === "error" && frame.code === "bad_format")).toHaveLength(3);
  }
});

test("nothing of all this was shown or stored", async () => {
  expect(watcher.messages).toEqual([]);
  expect(await storedTexts()).toEqual([]);
});

test("the gateway took no harm", () => witness.expectUnharmed());
