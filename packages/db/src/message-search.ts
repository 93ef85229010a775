/** Finding messages by their words, over the conversations that the searcher may read. */
import { sql } from "kysely";
import type { Db } from "./connect.ts";
import { type ConversationMessageRow, MESSAGE_COLUMNS } from "./conversation-events.ts";

export interface SearchRequest {
  /** As people write it: words, "a phrase", or, -without. */
  q: string;
  /** Only in this user's conversations and not in notes; undefined: in all there are, notes too. */
  participantId: number | undefined;
  before: number | undefined;
  limit: number;
}

export interface FoundMessage {
  readonly row: ConversationMessageRow;
  readonly title: string | null;
}

/** Newest first, below `before`. What was deleted is not found. */
export async function searchMessages(db: Db, request: SearchRequest): Promise<FoundMessage[]> {
  const rows = await searchQuery(db, request).execute();
  return rows.map(({ title, ...row }) => ({ row, title }));
}

export function searchQuery(db: Db, { q, participantId, before, limit }: SearchRequest) {
  return (
    db
      .selectFrom("conversation_messages as m")
      .select(MESSAGE_COLUMNS)
      // Of the page alone: a join would be made of all that is found.
      .select((eb) => eb.selectFrom("conversations as c").select("c.title").whereRef("c.id", "=", "m.conversation_id").as("title"))
      .where(sql<boolean>`m.words @@ websearch_to_tsquery('simple', ${q})`)
      .where("m.deleted_at", "is", null)
      .$if(before !== undefined, (query) => query.where("m.id", "<", before ?? 0))
      .$if(participantId !== undefined, (query) =>
        query.where("m.is_note", "=", false).where("m.conversation_id", "in", (eb) =>
          eb
            .selectFrom("conversation_participants as p")
            .select("p.conversation_id")
            .where("p.user_id", "=", participantId ?? 0)
            .where("p.left_at", "is", null),
        ),
      )
      .orderBy("m.id", "desc")
      .limit(limit)
  );
}
