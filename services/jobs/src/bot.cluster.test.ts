/** Bot and webhook over real processes: customers on sockets, the writer's jobs, a receiver of somebody else's. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addJob } from "@drawchat/db/job-queue";
import type { ConversationMessage } from "@drawchat/protocol/conversations";
import { startCluster } from "@drawchat/testkit/cluster";
import { apiOf, Participant } from "@drawchat/testkit/e2e/participant";
import { startReceiver } from "@drawchat/testkit/receiver";
import { afterAll, afterEach, expect, test } from "vitest";

const BOT = 70;
const AGENT = 900;
const PATIENCE = { timeout: 20_000 };
const rules = {
  greeting: "Hello!",
  answers: [{ keywords: ["price"], answer: "Ten." }],
  fallback: "Pardon?",
  hand_off: { keywords: ["human"], answer: "One moment." },
};

const dir = await mkdtemp(join(tmpdir(), "drawchat-test-bot-"));
await writeFile(join(dir, "rules.json"), JSON.stringify(rules));
const receiver = await startReceiver();
const cluster = await startCluster({
  gateways: 2,
  jobs: 1,
  env: {
    CONVERSATIONS_BOT_USER_ID: String(BOT),
    CONVERSATIONS_BOT_RULES: join(dir, "rules.json"),
    CONVERSATIONS_WEBHOOK_URL: receiver.url,
    CONVERSATIONS_WEBHOOK_SECRET: "a secret of at least thirty-two bytes",
  },
});
afterAll(async () => {
  await cluster.stop();
  await receiver.close();
  await rm(dir, { recursive: true });
});
const { db, pool } = cluster.database;

interface Customer {
  id: number;
  userId: number;
  participant: Participant;
  /** What the customer's screen shows, in its order. */
  shown: ConversationMessage[];
  /** Resolves once it is stored. */
  say: (text: string) => Promise<unknown>;
}

const sockets: Participant[] = [];
afterEach(() => {
  for (const { client } of sockets.splice(0)) client.stop();
});

let lastUser = 100;
/** Somebody who has begun a conversation and looks at it. */
async function customer(): Promise<Customer> {
  lastUser += 1;
  const userId = lastUser;
  const api = await apiOf(cluster, userId);
  const { id } = await api.createConversation({ client_id: crypto.randomUUID() });
  const participant = await Participant.join(cluster, { conversationId: id, userId, via: "gateway-1" });
  sockets.push(participant);
  const shown: ConversationMessage[] = [];
  participant.room.on("message", (message) => shown.push(message));
  return { id, userId, participant, shown, say: (text) => participant.room.send({ text }).settled };
}

const textsOf = (messages: readonly { message: string }[]) => messages.map(({ message }) => message);

async function table(conversationId: number): Promise<string[]> {
  const rows = await db
    .selectFrom("conversation_messages")
    .select("message")
    .where("conversation_id", "=", conversationId)
    .orderBy("id")
    .execute();
  return textsOf(rows);
}

/** Resolves when no job is left that could still say something. */
async function quiet(): Promise<void> {
  const jobs = async () => (await pool.query("SELECT 1 FROM graphile_worker.jobs WHERE task_identifier = 'bot_reply'")).rowCount;
  await expect.poll(jobs, PATIENCE).toBe(0);
}

const told = (conversationId: number) => receiver.received.filter(({ json }) => json.conversation_id === conversationId);

test("a customer is answered on the socket, once, and the webhook is told everything in its order", async () => {
  const { id, shown, say } = await customer();
  await say("good morning");
  await expect.poll(() => textsOf(shown), PATIENCE).toEqual(["good morning", "Hello!"]);
  await say("what is the PRICE?");
  await expect.poll(() => textsOf(shown), PATIENCE).toEqual(["good morning", "Hello!", "what is the PRICE?", "Ten."]);
  expect(shown[1]).toMatchObject({ user_id: BOT, username: "Assistant", role: "bot", message_type: "text" });
  await expect.poll(() => table(id), PATIENCE).toEqual(textsOf(shown));
  await expect
    .poll(() => told(id).map(({ json }) => json.type), PATIENCE)
    .toEqual(["conversation.created", ...shown.map(() => "message.created")]);
  expect(told(id).flatMap(({ json: { data } }) => data.message ?? [])).toEqual(shown);
});

test("a job that is run twice says nothing twice", async () => {
  const { id, shown, say } = await customer();
  await say("price");
  await expect.poll(() => textsOf(shown), PATIENCE).toEqual(["price", "Ten."]);
  const payload = { conversation_id: id, message_id: shown[0]?.id ?? 0 };
  for (const key of ["again", "and again"]) await addJob(db, { name: "bot_reply", payload, key });
  await quiet();
  await say("and another price");
  await expect.poll(() => table(id), PATIENCE).toEqual(["price", "Ten.", "and another price", "Ten."]);
});

test("a customer who asks for a person is heard: the bot is silent from then on", async () => {
  const { participant, shown, say, id } = await customer();
  const isOff = new Promise<boolean>((resolve) => participant.room.on("isBotOn", (isBotOn) => resolve(!isBotOn)));
  await say("a human, please");
  expect(await isOff).toBe(true);
  await say("price?");
  await quiet();
  expect(textsOf(shown)).toEqual(["a human, please", "One moment.", "price?"]);
  expect(await db.selectFrom("conversations").select(["status", "is_bot_on"]).where("id", "=", id).execute()).toEqual([
    { status: "open", is_bot_on: false },
  ]);
});

test("an agent who says something silences the bot at once", async () => {
  const { id, shown, say } = await customer();
  await say("hello");
  await expect.poll(() => textsOf(shown), PATIENCE).toEqual(["hello", "Hello!"]);
  const agent = await Participant.join(cluster, { conversationId: id, userId: AGENT, roles: ["agent"], via: "gateway-2" });
  sockets.push(agent);
  await agent.room.send({ text: "agent here" }).settled;
  await say("price?");
  await quiet();
  expect(textsOf(shown)).toEqual(["hello", "Hello!", "agent here", "price?"]);
});

test("jobs that is killed in the middle answers once all the same, and tells on where it was", { timeout: 60_000 }, async () => {
  const { id, shown, say } = await customer();
  await say("hello");
  await expect.poll(() => told(id).length, PATIENCE).toBe(3); // the conversation, the message, its answer
  receiver.answer = ({ json }) => (json.conversation_id === id ? () => undefined : 204); // says nothing any more
  const blocker = await pool.connect();
  await blocker.query("BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE"); // the bot cannot read its name
  const stored = say("price?");
  const waiting = () => pool.query("SELECT 1 FROM pg_stat_activity WHERE application_name = 'drawchat-jobs' AND wait_event_type = 'Lock'");
  await expect.poll(async () => (await waiting()).rowCount, PATIENCE).toBe(1);
  await expect.poll(() => told(id).length, PATIENCE).toBe(4);
  await cluster.kill("jobs-1");
  await blocker.query("ROLLBACK");
  blocker.release();
  receiver.answer = () => 204;
  await stored;
  await cluster.restart("jobs-1");
  await expect.poll(() => textsOf(shown), PATIENCE).toEqual(["hello", "Hello!", "price?", "Ten."]);
  await quiet();
  await expect.poll(() => table(id), PATIENCE).toEqual(textsOf(shown));
  await expect.poll(() => told(id).length, PATIENCE).toBe(6);
  const [, , , before, again, answer] = told(id);
  expect(again?.headers["drawchat-delivery"]).toBe(before?.headers["drawchat-delivery"]);
  expect([again, answer].map((one) => one?.json.data.message)).toEqual(shown.slice(2));
});
