/**
 * Uploads: files of conversations, before and after a message has them. A row is written after its file and removed before
 * it, so that a row always has its file.
 */
import type { Attachment } from "@drawchat/protocol/conversations";
import { type Insertable, type Selectable, sql } from "kysely";
import type { Db } from "./connect.ts";
import type { UploadsTable } from "./tables.ts";

export type UploadRow = Selectable<UploadsTable>;
export type NewUploadRow = Omit<Insertable<UploadsTable>, "claimed_by" | "message_id" | "created_at">;

/** Nobody's any more after this: not in a message, and no message may take it. */
const UNUSED_HOURS = 24;
/** A claimed one is in a message that is on its way here; where it never comes, the message was refused. */
const CLAIMED_HOURS = 48;
const SWEEP_ROWS = 500;

export function insertUpload(db: Db, upload: NewUploadRow): Promise<UploadRow> {
  return db
    .insertInto("uploads")
    .values({ ...upload, claimed_by: null, message_id: null })
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Undefined: there is none, or its message was deleted. */
export function findUpload(db: Db, id: string): Promise<UploadRow | undefined> {
  return db
    .selectFrom("uploads as u")
    .leftJoin("conversation_messages as m", "m.id", "u.message_id")
    .selectAll("u")
    .where("u.id", "=", id)
    .where("m.deleted_at", "is", null)
    .executeTakeFirst();
}

export interface UploadClaim {
  id: string;
  conversationId: number;
  userId: number;
  /** Of the message. */
  clientId: string;
}

/**
 * Gives the upload to the message, for good: one message alone can have it, and to claim it again for the same one changes
 * nothing. Undefined: there is no such upload of this user in this conversation, or another message has it.
 */
export async function claimUpload(db: Db, { id, conversationId, userId, clientId }: UploadClaim): Promise<Attachment | undefined> {
  const row = await db
    .updateTable("uploads")
    .set({ claimed_by: clientId })
    .where("id", "=", id)
    .where("conversation_id", "=", conversationId)
    .where("user_id", "=", userId)
    .where((eb) => eb.or([eb("claimed_by", "is", null), eb("claimed_by", "=", clientId)]))
    .returningAll()
    .executeTakeFirst();
  return row && attachmentOf(row);
}

/** As messages carry it. */
export function attachmentOf(row: UploadRow): Attachment {
  const { id, name, content_type, size_bytes, width, height } = row;
  return { upload_id: id, name, content_type, size_bytes, width, height };
}

/**
 * Removes rows of uploads that are of no use any more: a day old and in no message, or their message was deleted. Returns
 * their ids, at most 500; the caller removes the files. Harmless in several processes.
 */
export async function deleteUselessUploads(db: Db): Promise<string[]> {
  const unused = await deleteUploads(
    db,
    // Locked and looked at again: one that is claimed at this instant stays.
    sql`SELECT id FROM uploads
        WHERE message_id IS NULL AND created_at < now() - make_interval(hours => ${UNUSED_HOURS})
          AND (claimed_by IS NULL OR created_at < now() - make_interval(hours => ${CLAIMED_HOURS}))
        ORDER BY created_at LIMIT ${SWEEP_ROWS} FOR UPDATE SKIP LOCKED`,
  );
  if (unused.length === SWEEP_ROWS) return unused;
  const ofDeleted = await deleteUploads(
    db,
    sql`SELECT u.id FROM conversation_messages m JOIN uploads u ON u.message_id = m.id
        WHERE m.deleted_at IS NOT NULL LIMIT ${SWEEP_ROWS - unused.length} FOR UPDATE OF u SKIP LOCKED`,
  );
  return [...unused, ...ofDeleted];
}

async function deleteUploads(db: Db, which: ReturnType<typeof sql>): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`DELETE FROM uploads WHERE id IN (${which}) RETURNING id`.execute(db);
  return rows.map((row) => row.id);
}

/** Those of the ids that have a row. */
export async function findKnownUploads(db: Db, ids: readonly string[]): Promise<Set<string>> {
  const rows = await db.selectFrom("uploads").select("id").where("id", "=", sql<string>`ANY(${ids}::uuid[])`).execute();
  return new Set(rows.map((row) => row.id));
}
