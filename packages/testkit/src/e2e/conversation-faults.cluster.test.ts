/** What is promised to conversations under faults, counted over real processes with SDK clients and REST. */
import { afterAll, expect, test } from "vitest";
import { startCluster } from "../cluster.ts";
import { apiOf, Participant } from "./participant.ts";

const SOCKETS = 24;
const EACH_SOCKET = 50;
const REST_SENDERS = 8;
const EACH_REST = 100;

const cluster = await startCluster({
  gateways: 2,
  writers: 2,
  jobs: 1,
  edge: true,
  env: { CONVERSATIONS_MAX_MESSAGES_PER_USER_PER_MINUTE: "0", REST_WRITES_PER_MINUTE: "0" },
});
const participants: Participant[] = [];
afterAll(async () => {
  for (const { client } of participants) client.stop();
  await cluster.stop();
});

/** Sends one text after the other, each until it is answered, always under its own client_id. */
async function sendByRest(conversationId: number, userId: number): Promise<string[]> {
  const api = await apiOf(cluster, userId);
  const texts: string[] = [];
  for (let n = 0; n < EACH_REST; n += 1) {
    const message = { client_id: crypto.randomUUID(), message: `rest ${userId}-${n}` };
    await expect.poll(() => api.sendMessage(conversationId, message).then(() => "sent", String), { timeout: 20_000 }).toBe("sent");
    texts.push(message.message);
  }
  return texts;
}

async function sendBySocket({ room, userId }: Participant): Promise<string[]> {
  const texts = Array.from({ length: EACH_SOCKET }, (_, n) => `socket ${userId}-${n}`);
  const settled = await Promise.all(texts.map((text) => room.send({ text }).settled));
  expect(settled.filter((own) => own.status.state !== "stored")).toEqual([]);
  return texts;
}

test("2,000 messages over two gateways and REST while a gateway, a writer and jobs are killed: none lost, none twice", {
  timeout: 120_000,
}, async () => {
  const agent = await apiOf(cluster, 1_000, ["agent"]);
  const userIds = Array.from({ length: SOCKETS + REST_SENDERS }, (_, n) => n + 1);
  await Promise.all(userIds.map(async (userId) => (await apiOf(cluster, userId)).findMe())); // known from their first call on
  const { id } = await agent.createConversation({ client_id: crypto.randomUUID(), participant_ids: userIds });
  const joined = userIds.slice(0, SOCKETS).map((userId) => Participant.join(cluster, { conversationId: id, userId }));
  participants.push(...(await Promise.all(joined)));

  const bySocket = participants.map(sendBySocket);
  const byRest = userIds.slice(SOCKETS).map((userId) => sendByRest(id, userId));
  const shown = (count: number) => participants[0]?.until(`${count} messages`, () => (participants[0]?.shown.length ?? 0) >= count);
  await shown(300);
  await cluster.kill("gateway-1");
  await shown(700);
  await cluster.kill("writer-1");
  await cluster.restart("gateway-1");
  await shown(1_100);
  await cluster.kill("jobs-1");
  await cluster.restart("writer-1");
  const sent = (await Promise.all([...bySocket, ...byRest])).flat();
  await cluster.restart("jobs-1");

  await expect
    .poll(
      () =>
        cluster.database.db
          .selectFrom("conversation_messages")
          .select((eb) => eb.fn.countAll<number>().as("n"))
          .execute(),
      {
        timeout: 20_000,
      },
    )
    .toEqual([{ n: sent.length }]);
  const rows = await cluster.database.db.selectFrom("conversation_messages").select(["id", "message"]).orderBy("id").execute();
  const byText = (a: string, b: string) => a.localeCompare(b);
  expect(rows.map(({ message }) => message).toSorted(byText)).toEqual(sent.toSorted(byText));
  const ids = rows.map((row) => row.id);
  for (const participant of participants) {
    await participant.until("everything", () => participant.shown.length >= ids.length);
    expect(participant.shown).toEqual(ids);
    expect([participant.doubled, participant.disordered, participant.resets]).toEqual([[], [], 0]);
  }
  // Everybody's count of what they have not read is what the table says.
  const unread = await cluster.database.db.selectFrom("conversation_participants").select(["user_id", "unread_count"]).execute();
  for (const { user_id, unread_count } of unread) {
    const own = sent.filter((text) => text.split(/[ -]/)[1] === String(user_id)).length;
    expect([user_id, unread_count]).toEqual([user_id, sent.length - own]);
  }
});
