import { execFile } from "node:child_process";
import { createHmac } from "node:crypto";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { inTransaction } from "@drawchat/db/transaction";
import { listBelated } from "@drawchat/db/webhook-deliveries";
import { recordConversationEvent, recordMessageEvents } from "@drawchat/db/webhook-events";
import { conversationRoom } from "@drawchat/protocol/ids";
import { createLog } from "@drawchat/runtime/log";
import { addConversation } from "@drawchat/testkit/conversations";
import { testDatabase } from "@drawchat/testkit/postgres";
import { startReceiver } from "@drawchat/testkit/receiver";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type DeliveryOutcome, deliverWebhooks, WEBHOOK_RETRIES, type WebhookRetries, waitMsAfter } from "./deliver-webhooks.ts";
import { sweepWebhooks } from "./webhook-sweep.ts";
import { startWorkers, type Workers } from "./worker.ts";

const SECRET = "a secret of at least thirty-two bytes";
const log = createLog("test", "silent");
const database = await testDatabase();
const { db, pool } = database;
const receiver = await startReceiver();
afterAll(() => receiver.close());

const retries: WebhookRetries = { attempts: 3, firstMs: 200, capMs: 1_000 };
const outcomes: DeliveryOutcome[] = [];
const parts = {
  pool,
  log,
  retries,
  receiver: { url: receiver.url, secret: SECRET },
  stopping: new AbortController().signal,
  onAttempt: (outcome: DeliveryOutcome) => outcomes.push(outcome),
};

let workers: Workers;
beforeAll(async () => {
  const tasks = { deliver_webhooks: (payload: unknown) => deliverWebhooks(parts, payload) };
  workers = await startWorkers({ pool, log, concurrency: 4, pollIntervalMs: 50, groups: [{ tasks }], onJob: () => undefined });
});
afterAll(() => workers.stop());

beforeEach(async () => {
  await expect.poll(waitingJobs, { timeout: 10_000 }).toBe(0);
  await pool.query("TRUNCATE webhook_events");
  receiver.answer = () => 204;
  receiver.received.length = 0;
  outcomes.length = 0;
});

async function waitingJobs(): Promise<number> {
  const { rows } = await pool.query<{ count: number }>("SELECT count(*) FROM graphile_worker.jobs");
  return rows[0]?.count ?? -1;
}

let lastId = 1_000;
/** Messages of one batch; resolves with their ids. */
async function say(conversationId: number, count = 1): Promise<number[]> {
  const ids = Array.from({ length: count }, () => (lastId += 64));
  const room = conversationRoom(conversationId);
  const written = ids.map((id) => {
    const body = Buffer.from(JSON.stringify({ type: "new_message", message: { id, conversation_id: conversationId, message: "private" } }));
    return { id, room, kind: "m", userId: 1, clientId: crypto.randomUUID(), body };
  });
  await inTransaction(pool, (client) => recordMessageEvents(client, written));
  return ids;
}

/** Ids of the messages that were told of a conversation, in the order in which they came. */
function told(conversationId: number): unknown[] {
  const ofThis = receiver.received.filter(({ json }) => json.conversation_id === conversationId);
  return ofThis.map(({ json }) => Object(json.data.message).id);
}

const states = () =>
  db
    .selectFrom("webhook_events")
    .select(["attempts", "last_error", "delivered_at", "dead_at"])
    .orderBy("conversation_id")
    .orderBy("id")
    .execute();

test("what happened is told once, signed, with who it is about", async () => {
  const id = await addConversation(db);
  await db.transaction().execute((trx) => recordConversationEvent(trx, { type: "conversation.created", conversationId: id }));
  await expect.poll(() => receiver.received.length).toBe(1);
  const { headers = {}, body, json } = { ...receiver.received[0] };
  expect(json).toEqual({
    id: headers["drawchat-delivery"],
    type: "conversation.created",
    conversation_id: id,
    created_at: expect.stringMatching(/Z$/),
    data: { conversation: expect.objectContaining({ id, status: "open" }) },
  });
  const [, t, v1] = /^t=(\d+),v1=(\w+)$/.exec(String(headers["drawchat-signature"])) ?? [];
  expect(v1).toBe(createHmac("sha256", SECRET).update(`${t}.${body}`).digest("hex"));
  await expect.poll(states).toMatchObject([{ attempts: 0, delivered_at: expect.any(Date), dead_at: null }]);
  await expect.poll(waitingJobs).toBe(0);
  expect(receiver.received).toHaveLength(1);
});

test("one that fails holds up the later ones of its conversation, and of no other", async () => {
  const [a, b] = [await addConversation(db), await addConversation(db)];
  receiver.answer = ({ json }) => (json.conversation_id === a ? 503 : 204);
  const first = await say(a);
  await expect.poll(() => outcomes).toEqual(["failed"]);
  await pool.query("UPDATE webhook_events SET next_attempt_at = now() + interval '1 hour'");
  const [later, others] = [await say(a, 3), await say(b, 3)];
  await expect.poll(() => told(b)).toEqual(others);
  expect(told(a)).toEqual(first);

  receiver.answer = () => 204;
  await pool.query("UPDATE webhook_events SET next_attempt_at = now()");
  later.push(...(await say(a)));
  await expect.poll(() => told(a)).toEqual([...first, ...first, ...later]);
  const ids = receiver.received.filter(({ json }) => json.conversation_id === a).map(({ headers }) => headers["drawchat-delivery"]);
  expect([new Set(ids.slice(0, 2)).size, new Set(ids).size]).toEqual([1, 5]); // a repetition has the id of the first time
  await pool.query("DELETE FROM graphile_worker._private_jobs");
});

test("the wait doubles with each failure up to two hours, twelve attempts within five", () => {
  const waits = Array.from({ length: WEBHOOK_RETRIES.attempts - 1 }, (_, n) => waitMsAfter(n + 1, WEBHOOK_RETRIES) / 1_000);
  expect(waits).toEqual([10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 5_120, 7_200]);
});

test("a new event does not cut the wait of a failed one short", async () => {
  const id = await addConversation(db);
  receiver.answer = () => 500;
  await say(id);
  await expect.poll(() => outcomes).toEqual(["failed"]);
  await pool.query("UPDATE webhook_events SET next_attempt_at = now() + interval '1 hour'");
  await say(id); // its job runs at once, finds the older one not due, and waits with it
  const waiting = () => pool.query("SELECT 1 FROM graphile_worker.jobs WHERE run_at > now() + interval '50 minutes'");
  await expect.poll(async () => (await waiting()).rowCount).toBe(1);
  expect(outcomes).toEqual(["failed"]);
  await pool.query("DELETE FROM graphile_worker._private_jobs");
});

test("after its last attempt it is dead, the next goes on, and it can be listed, told again and dropped by hand", async () => {
  const id = await addConversation(db);
  receiver.answer = () => 500;
  const [dead = 0] = await say(id);
  await expect.poll(() => outcomes, { timeout: 15_000 }).toEqual(["failed", "failed", "dead"]);
  receiver.answer = () => 204;
  const [next = 0] = await say(id);
  await expect.poll(() => told(id)).toEqual([dead, dead, dead, next]);
  await expect
    .poll(states)
    .toMatchObject([
      { attempts: 3, last_error: "it answered 500", delivered_at: null, dead_at: expect.any(Date) },
      { delivered_at: expect.any(Date) },
    ]);

  const listed = await webhooks("list");
  expect(listed).toMatch(
    new RegExp(`^\\d+ \\| .*Z \\| .*Z \\| ${id} \\| message.created \\| 3 \\| it answered 500\n1 dead webhook event\n$`),
  );
  expect(listed).not.toContain("private");
  expect(await webhooks("retry", "all")).toBe("1 dead webhook event, to be told again\n");
  await expect.poll(() => told(id)).toEqual([dead, dead, dead, next, dead]);
  await pool.query("UPDATE webhook_events SET delivered_at = NULL, dead_at = now()");
  expect(await webhooks("drop", "all")).toBe("2 dead webhook events, dropped\n");
  expect([await webhooks("list"), await states()]).toEqual(["0 dead webhook events\n", []]);
});

async function webhooks(...args: string[]): Promise<string> {
  const cli = fileURLToPath(new URL("./webhooks-cli.ts", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [cli, ...args], { env: { DATABASE_URL: database.url } });
  return stdout;
}

test("a command that is not one says how it is used", async () => {
  await expect(webhooks("drop")).rejects.toMatchObject({ code: 78, stderr: expect.stringContaining("usage: npm run -s webhooks") });
});

test("redirects are failures; what a receiver says to a success is not read", async () => {
  const [a, b] = [await addConversation(db), await addConversation(db)];
  receiver.answer = ({ json }) =>
    json.conversation_id === a ? (response) => response.writeHead(307, { location: "/" }).end() : "x".repeat(1e6);
  await Promise.all([say(a), say(b)]);
  await expect.poll(() => new Set(outcomes)).toEqual(new Set(["delivered", "failed"]));
  expect(await states()).toMatchObject([{ last_error: "it answered 307" }, { delivered_at: expect.any(Date) }]);
  receiver.answer = () => 204;
  await expect.poll(() => told(a).length).toBe(2);
});

test("of two that tell the same conversation at once one waits: the order holds, and nothing is told twice", async () => {
  const id = await addConversation(db);
  let atOnce = 0;
  let most = 0;
  receiver.answer = () => (response) => {
    most = Math.max(most, ++atOnce);
    setTimeout(() => {
      atOnce -= 1;
      response.writeHead(204).end();
    }, 5);
  };
  const ids: number[] = [];
  for (let n = 0; n < 20; n += 1) ids.push(...(await say(id, 3)));
  await expect.poll(() => told(id).length, { timeout: 20_000 }).toBe(60);
  await expect.poll(waitingJobs, { timeout: 10_000 }).toBe(0);
  expect([told(id), most]).toEqual([ids, 1]);
});

test("the sweep removes what was told a week ago and takes up what nobody tells", async () => {
  const id = await addConversation(db);
  const old = await say(id);
  await expect.poll(() => told(id)).toEqual(old);
  await expect.poll(waitingJobs).toBe(0);
  await pool.query("UPDATE webhook_events SET delivered_at = now() - interval '169 hours'");
  const failing = await addConversation(db); // its first event has its time before it, whatever waits behind
  await pool.query(
    `INSERT INTO webhook_events (conversation_id, event_key, type, payload, next_attempt_at)
     VALUES ($1, 'lost', 'message.created', '{"message":{"id":7}}', now() - interval '6 minutes'),
            ($2, 'first', 'message.created', '{"message":{"id":8}}', now() + interval '6 minutes'),
            ($2, 'second', 'message.created', '{"message":{"id":9}}', now() - interval '6 minutes')`,
    [id, failing],
  );
  expect(await listBelated(pool)).toEqual([id]);
  await sweepWebhooks({ pool, log });
  await expect.poll(() => told(id)).toEqual([...old, 7]);
  expect(await states()).toHaveLength(3);
});
