import { addConversation } from "@drawchat/testkit/conversations";
import { testDatabase } from "@drawchat/testkit/postgres";
import { beforeEach, describe, expect, test } from "vitest";
import { claimUpload, deleteUselessUploads, findKnownUploads, findUpload, insertUpload } from "./uploads.ts";

const { db } = await testDatabase();
const conversationId = await addConversation(db, { members: [{ userId: 1 }, { userId: 2 }] });
const elsewhere = await addConversation(db, { members: [{ userId: 1 }] });

beforeEach(async () => {
  await db.deleteFrom("uploads").execute();
});

async function upload({ hoursAgo = 0, claimedBy, messageId }: { hoursAgo?: number; claimedBy?: string; messageId?: number } = {}) {
  const id = crypto.randomUUID();
  const pixels = { width: 800, height: 600, thumbnail_bytes: 120 };
  const about = { name: "cat.png", content_type: "image/png", size_bytes: 1_234, ...pixels };
  await insertUpload(db, { id, conversation_id: conversationId, user_id: 1, ...about });
  const created_at = new Date(Date.now() - hoursAgo * 3_600_000);
  await db
    .updateTable("uploads")
    .set({ created_at, claimed_by: claimedBy ?? null, message_id: messageId ?? null })
    .where("id", "=", id)
    .execute();
  return id;
}

let messages = 0;
async function message(deletedAt: Date | null) {
  messages += 1;
  const who = { user_id: 1, client_id: crypto.randomUUID(), username: "user 1", profile_pic: null, role: "customer" as const };
  const times = { created_at: new Date(), edited_at: null, deleted_at: deletedAt, last_event_id: messages };
  await db
    .insertInto("conversation_messages")
    .values({ id: messages, conversation_id: conversationId, is_note: false, ...who, message: "", attachment: null, ...times })
    .execute();
  return messages;
}

describe("a message claims an upload", () => {
  test("once, and again for the same message", async () => {
    const id = await upload();
    const claim = { id, conversationId, userId: 1, clientId: crypto.randomUUID() };
    const attachment = { upload_id: id, name: "cat.png", content_type: "image/png", size_bytes: 1_234, width: 800, height: 600 };
    expect(await claimUpload(db, claim)).toEqual(attachment);
    expect(await claimUpload(db, claim)).toEqual(attachment);
    expect(await claimUpload(db, { ...claim, clientId: crypto.randomUUID() })).toBeUndefined();
  });

  test("and one alone of many at the same instant", async () => {
    const id = await upload();
    const claims = Array.from({ length: 10 }, () => claimUpload(db, { id, conversationId, userId: 1, clientId: crypto.randomUUID() }));
    expect((await Promise.all(claims)).filter((claimed) => claimed !== undefined)).toHaveLength(1);
  });

  test.each([
    ["of somebody else", { userId: 2 }],
    ["of another conversation", { conversationId: elsewhere }],
    ["that there is not", { id: crypto.randomUUID() }],
  ])("never one %s", async (_what, other) => {
    const id = await upload();
    expect(await claimUpload(db, { id, conversationId, userId: 1, clientId: crypto.randomUUID(), ...other })).toBeUndefined();
    expect((await findUpload(db, id))?.claimed_by).toBeNull();
  });
});

describe("of no use are uploads", () => {
  test("that are a day old and in no message; one on its way into a message has another day", async () => {
    const claimedBy = crypto.randomUUID();
    const old = await upload({ hoursAgo: 25 });
    const never = await upload({ hoursAgo: 49, claimedBy });
    const kept = [
      await upload({ hoursAgo: 23 }),
      await upload({ hoursAgo: 25, claimedBy }),
      await upload({ hoursAgo: 99, claimedBy, messageId: await message(null) }),
    ];
    expect(new Set(await deleteUselessUploads(db))).toEqual(new Set([old, never]));
    expect(await deleteUselessUploads(db)).toEqual([]);
    expect(await findKnownUploads(db, [...kept, old, never])).toEqual(new Set(kept));
  });

  test("whose message was deleted: they are not found from then on, and removed by the next sweep", async () => {
    const id = await upload({ claimedBy: crypto.randomUUID(), messageId: await message(new Date()) });
    expect(await findUpload(db, id)).toBeUndefined();
    expect(await deleteUselessUploads(db)).toEqual([id]);
  });

  test("in several processes at once, each row for one of them", async () => {
    for (let i = 0; i < 20; i += 1) await upload({ hoursAgo: 25 });
    const swept = await Promise.all([deleteUselessUploads(db), deleteUselessUploads(db), deleteUselessUploads(db)]);
    expect(swept.flat()).toHaveLength(20);
  });
});
