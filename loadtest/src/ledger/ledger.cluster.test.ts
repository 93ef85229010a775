/** A ledger over a real cluster that is tampered with at one hop at a time: the certificate names the hop, and no other. */
import { partitionOfRoom } from "@drawchat/protocol/ids";
import { publish } from "@drawchat/redis/commands";
import { commandClient, type RedisClient } from "@drawchat/redis/connect";
import { keys } from "@drawchat/redis/keys";
import { decodePublication, encodePublication } from "@drawchat/redis/publication";
import { createLog } from "@drawchat/runtime/log";
import { type Cluster, startCluster } from "@drawchat/testkit/cluster";
import { tellNodes } from "@drawchat/testkit/redis-nodes";
import { afterAll, beforeAll, expect, test } from "vitest";
import { meddleOnce } from "../../test/frame-proxy.ts";
import { SEATS, SmallRun } from "../../test/small-run.ts";
import { loadClientId } from "../generator/load-text.ts";
import type { Certificate } from "./certificate.ts";

let cluster: Cluster;
let redis: RedisClient;

beforeAll(async () => {
  const env = { GATEWAY_TRAIL_EVENTS: "1000", LIVE_CHAT_MAX_MESSAGES_PER_USER_PER_MINUTE: "0", GATEWAY_TICK_MS: "1" };
  cluster = await startCluster({ gateways: 2, env });
  redis = commandClient(cluster.redis.url, "test", createLog("test", "silent"));
  await redis.connect();
});
afterAll(async () => {
  redis.disconnect();
  await cluster.stop();
});

const KINDS = ["lost", "doubled", "disordered"] as const;
/** The number of the message that it happens to; each socket says four. */
const VICTIM = 1;

/** `hop where kind` of all that is not clean. */
function blamed({ isClean, rooms }: Certificate): string[] {
  const blame = rooms.flatMap(({ hops }) =>
    hops.flatMap((row) =>
      KINDS.flatMap((kind) => (row[kind] > 0 ? [[row.hop, row.where, kind].filter((part) => part !== "").join(" ")] : [])),
    ),
  );
  expect(isClean).toBe(blame.length === 0);
  return blame;
}

/** True for the frame, of whichever kind, that holds this message. */
const isOf = (sender: number, n: number) => (text: string) => new RegExp(`~[0-9a-z]+\\.${sender}\\.${n}\\.`).test(text);

/** Four rounds, in which everybody says one message. */
async function sayAll(run: SmallRun): Promise<void> {
  for (let round = 0; round < 4; round += 1) await run.say();
}

test("an undisturbed run is clean at every hop, with a late join, refusals and a socket that resumes elsewhere", async () => {
  const run = await SmallRun.start(cluster);
  await run.say();
  await run.say([0, 1], { text: " " });
  const since = run.sockets[2]?.drop();
  await run.say([0, 1, 3]);
  run.sockets.push(await run.join(4, SEATS[2]));
  run.sockets[2] = await run.join(2, SEATS[0], { since });
  await run.say();
  expect(await run.settle()).toBe(true);
  const certificate = await run.finish();
  expect(blamed(certificate)).toEqual([]);
  expect(certificate.findings).toEqual([]);
  expect(certificate.rooms[0]?.hops.map(({ hop, where, owed, once, skipped }) => [hop, where, owed, once, skipped])).toEqual([
    ["sent", "", 13, 13, {}],
    ["accepted", "", 13, 11, { empty_message: 2 }],
    ["logged", "", 11, 11, {}],
    ["relayed", "gateway-1", 11, 11, {}],
    ["relayed", "gateway-2", 11, 11, {}],
    ["handed", "gateway-1 v1", 11, 11, {}],
    ["handed", "gateway-1 v2", 11, 11, {}],
    ["handed", "gateway-2 v1", 11, 11, {}],
    // When socket 2 had gone nobody of version 2 was there until socket 4 came.
    ["handed", "gateway-2 v2", expect.any(Number), expect.any(Number), {}],
    ["received", "gateway-1 v2", 18, 18, {}],
    ["received", "gateway-1 v1", 11, 11, {}],
    ["received", "gateway-2 v2", 15, 15, {}],
    ["received", "gateway-2 v1", 11, 11, {}],
    ["stored", "", 11, 11, {}],
  ]);
});

// Each in a room of its own: those that leave the processes alone run beside each other.
test.concurrent.each([
  ["lost", 0, ["accepted lost"]],
  ["doubled", 0, []], // the client_id makes it one
  ["disordered", 0, ["accepted disordered"]],
  ["lost", 1, ["accepted lost"]],
  ["doubled", 1, ["accepted doubled"]],
  ["disordered", 1, ["accepted disordered"]],
] as const)("what is %s on the way from sender %i to its gateway is told as that", async (kind, sender, blame) => {
  const run = await SmallRun.start(cluster, { [sender]: { toGateway: meddleOnce(kind, isOf(sender, VICTIM)) } });
  await run.say();
  await run.say([sender], { isAnswered: false });
  await run.say([sender], { isAnswered: kind !== "disordered" });
  await run.say();
  expect(await run.settle()).toBe(true);
  expect(blamed(await run.finish())).toEqual(blame);
});

test.concurrent.each(SEATS.flatMap(({ gateway, version }, socket) => KINDS.map((kind) => ({ gateway, version, socket, kind }))))(
  "what is $kind on the way from $gateway to a socket of version $version is told as that",
  async ({ gateway, version, socket, kind }) => {
    const other = (socket + 1) % 4;
    const run = await SmallRun.start(cluster, { [socket]: { toClient: meddleOnce(kind, isOf(other, VICTIM)) } });
    await sayAll(run);
    expect(await run.settle()).toBe(true);
    const certificate = await run.finish();
    expect(blamed(certificate)).toEqual([`received ${gateway} v${version} ${kind}`]);
    expect(certificate.findings.map(({ clientId }) => clientId)).toContain(loadClientId(run.run, other, VICTIM));
  },
);

test.concurrent("of two rooms the one that was tampered with is named", async () => {
  const [quiet, loud] = await SmallRun.startTogether(cluster, [{}, { 2: { toClient: meddleOnce("lost", isOf(0, VICTIM)) } }]);
  if (quiet === undefined || loud === undefined) throw new Error("two rooms");
  for (const run of [quiet, loud]) await sayAll(run);
  expect(await loud.settle()).toBe(true);
  const certificate = await SmallRun.finishTogether([quiet, loud]);
  expect(blamed(certificate)).toEqual(["received gateway-2 v2 lost"]);
  expect(certificate.rooms.map(({ room }) => room)).toEqual([quiet.room, loud.room]);
  expect(new Set(certificate.findings.map(({ room }) => room))).toEqual(new Set([loud.room]));
});

test.concurrent.each([
  ["lost", "DELETE FROM live_chat_messages WHERE id = $1"],
  [
    "doubled",
    `INSERT INTO live_chat_messages SELECT (jsonb_populate_record(m, jsonb_build_object('id', id + 1, 'client_id', gen_random_uuid()))).*
     FROM live_chat_messages m WHERE id = $1`,
  ],
  ["disordered", "UPDATE live_chat_messages SET id = id + 3600000::bigint * 4096 WHERE id = $1"],
] as const)("a row that is %s is told as that", async (kind, sql) => {
  const run = await SmallRun.start(cluster);
  await sayAll(run);
  expect(await run.settle()).toBe(true);
  const id = run.receipts.report().groups[0]?.ids[VICTIM];
  await cluster.database.pool.query(sql, [id]);
  expect(blamed(await run.finish())).toEqual([`stored ${kind}`]);
});

/** What the room's partition has accepted and not stored while nobody stores, changed; then the writer goes on. */
async function whileNothingIsStored(
  run: SmallRun,
  change: (log: string, entries: [string, string[]][]) => Promise<unknown>,
): Promise<void> {
  const log = keys.log(partitionOfRoom(run.room));
  await cluster.kill("writer-1", "SIGSTOP");
  try {
    await sayAll(run);
    await change(log, await redis.xrange(log, "-", "+"));
  } finally {
    await cluster.kill("writer-1", "SIGCONT");
  }
}

test("an entry that vanishes from the log before the writer has it is lost where it should be stored", async () => {
  const run = await SmallRun.start(cluster);
  await whileNothingIsStored(run, (log, entries) => redis.xdel(log, entries[VICTIM]?.[0] ?? ""));
  expect(await run.settle()).toBe(true);
  expect(blamed(await run.finish())).toEqual(["stored lost"]);
});

test("an entry that is in the log twice is doubled there, and stored once", async () => {
  const run = await SmallRun.start(cluster);
  await whileNothingIsStored(run, (log, entries) => redis.xadd(log, "*", ...(entries[VICTIM]?.[1] ?? [])));
  expect(await run.settle()).toBe(true);
  expect(blamed(await run.finish())).toEqual(["logged doubled"]);
});

test("publications that come twice, or not at all, are put right by the gateways: the run is clean", async () => {
  const run = await SmallRun.start(cluster);
  await run.say();
  const [last] = await redis.xrevrangeBuffer(keys.history(run.room), "+", "-", "COUNT", 1);
  await publish(redis, keys.channel(run.room), last?.[1][1] ?? "");
  await run.say();
  await tellNodes(redis, "CLIENT", "KILL", "TYPE", "pubsub");
  await run.say([0, 2]);
  await run.say();
  expect(await run.settle()).toBe(true);
  expect(blamed(await run.finish())).toEqual([]);
});

test("what gateways take twice is doubled at both of them, and nobody behind them is blamed", async () => {
  const run = await SmallRun.start(cluster);
  await sayAll(run);
  expect(await run.settle()).toBe(true);
  const [last] = await redis.xrevrangeBuffer(keys.history(run.room), "+", "-", "COUNT", 1);
  const { upto, events, bytes } = decodePublication(last?.[1][1] ?? Buffer.alloc(0));
  const again = events.map((event) => ({ ...event, body: bytes.toString("utf8", event.start, event.end) }));
  await publish(redis, keys.channel(run.room), encodePublication(run.room, upto, upto + 64, again));
  await expect.poll(() => run.receipts.report().groups.flatMap(({ doubled }) => doubled).length).toBe(SEATS.length);
  expect(blamed(await run.finish())).toEqual(["relayed gateway-1 doubled", "relayed gateway-2 doubled"]);
});

test("a gateway that is killed answers for what it told, and its sockets are owed the rest where they come back; so does the one started in its place", async () => {
  const run = await SmallRun.start(cluster);
  await run.say();
  await run.say([0, 1]);
  await cluster.kill("gateway-2", "SIGKILL");
  run.sockets[3]?.drop();
  const since = run.sockets[2]?.drop();
  await run.say([0, 1]);
  run.sockets[2] = await run.join(2, SEATS[0], { since });
  await run.say([0, 1, 2]);
  await cluster.restart("gateway-2");
  run.sockets.push(await run.join(4, SEATS[2]));
  await run.say([0, 1, 2]);
  expect(await run.settle()).toBe(true);
  const certificate = await run.finish();
  expect(blamed(certificate)).toEqual([]);
  const received = certificate.rooms[0]?.hops.find(({ hop, where }) => hop === "received" && where === "gateway-1 v2");
  expect(received?.owed).toBeGreaterThan(11);
});
