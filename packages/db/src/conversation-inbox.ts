/** What lists of conversations are told after a commit: each participant their own summary, agents the common one. */
import type { ConversationSummary, InboxFrame, UserRole } from "@drawchat/protocol/conversations";
import type pg from "pg";

/** `packages/redis/inbox` publishes it. */
export interface InboxNotices {
  to: number | "agents";
  except: readonly number[];
  frame: InboxFrame;
}

const LAST_MESSAGE_CHARS = 200;

const READ = `
  SELECT c.id, c.version, c.title, c.status, c.snoozed_until, c.priority, c.labels, c.assignee_id, c.is_bot_on, c.created_by,
         c.created_at, c.last_activity_at,
         m.id AS message_id, m.user_id, m.username, m.role, left(m.message, ${LAST_MESSAGE_CHARS}) AS message,
         m.attachment IS NOT NULL AS has_attachment, m.deleted_at IS NOT NULL AS is_deleted, m.created_at AS said_at,
         (SELECT coalesce(json_agg(json_build_object('user_id', p.user_id, 'role', p.role, 'unread', p.unread_count)), '[]')
          FROM conversation_participants p WHERE p.conversation_id = c.id AND p.left_at IS NULL) AS participants
  FROM conversations c LEFT JOIN conversation_messages m ON m.id = c.last_message_id
  WHERE c.id = ANY($1::bigint[])`;

interface InboxRow {
  id: number;
  version: number;
  title: string | null;
  status: ConversationSummary["status"];
  snoozed_until: Date | null;
  priority: ConversationSummary["priority"];
  labels: string[];
  assignee_id: number | null;
  is_bot_on: boolean;
  created_by: number;
  created_at: Date;
  last_activity_at: Date;
  message_id: number | null;
  user_id: number;
  username: string;
  role: UserRole;
  message: string;
  has_attachment: boolean;
  is_deleted: boolean;
  said_at: Date;
  participants: { user_id: number; role: UserRole; unread: number }[];
}

/** As committed now, in one query. Conversations that do not exist are left out. */
export async function readInboxNotices(pool: pg.Pool, conversationIds: readonly number[]): Promise<InboxNotices[]> {
  const { rows } = await pool.query<InboxRow>(READ, [conversationIds]);
  return rows.flatMap(noticesOf);
}

function noticesOf(row: InboxRow): InboxNotices[] {
  const own = row.participants.map(
    ({ user_id, unread }): InboxNotices => ({
      to: user_id,
      except: [],
      frame: frameOf(row, { unread_count: unread, is_participant: true }),
    }),
  );
  const except = row.participants.map(({ user_id }) => user_id);
  return [...own, { to: "agents", except, frame: frameOf(row, { unread_count: 0, is_participant: false }) }];
}

function frameOf(row: InboxRow, mine: Pick<ConversationSummary, "unread_count" | "is_participant">): InboxFrame {
  const { id, version, title, status, priority, labels, assignee_id, is_bot_on, created_by } = row;
  const conversation = {
    ...{ id, version, title, status, snoozed_until: row.snoozed_until?.toISOString() ?? null, priority, labels, assignee_id },
    ...{ is_bot_on, created_by, created_at: row.created_at.toISOString(), last_activity_at: row.last_activity_at.toISOString() },
    last_message: lastMessageOf(row),
    ...mine,
  };
  return { type: "inbox", conversation };
}

function lastMessageOf(row: InboxRow): ConversationSummary["last_message"] {
  if (row.message_id === null) return null;
  const { message_id: id, user_id, username, role, message, has_attachment, is_deleted } = row;
  return { id, user_id, username, role, message, has_attachment, is_deleted, created_at: row.said_at.toISOString() };
}
