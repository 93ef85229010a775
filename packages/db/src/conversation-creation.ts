/** Making conversations. */
import type { ConversationPriority } from "@drawchat/protocol/conversations-rest";
import type { Db } from "./connect.ts";
import { addPeople, findActivePeople } from "./conversation-writing.ts";
import { recordConversationEvent } from "./webhook-events.ts";

export interface NewConversationRequest {
  createdBy: number;
  /** A UUID; of two with the same one by the same user the first is made. */
  clientId: string;
  title: string | null;
  /** Beside the maker. */
  participantIds: readonly number[];
  /** The bot that is to answer in it, unless it was deactivated; undefined: none. */
  botUserId: number | undefined;
  /** Record it for the webhook. */
  tellsWebhook: boolean;
  priority: ConversationPriority;
  labels: readonly string[];
}

export interface CreatedConversation {
  readonly id: number;
  /** It was there already. */
  readonly isKnown: boolean;
}

/** `unknown_user`: one of the participants is not there, or deactivated. */
export function createConversation(db: Db, request: NewConversationRequest): Promise<CreatedConversation | "unknown_user"> {
  return db.transaction().execute(async (trx) => {
    const known = await findCreated(trx, request);
    if (known !== undefined) return known;
    const { createdBy, botUserId } = request;
    const ids = new Set([createdBy, ...request.participantIds]);
    const people = await findActivePeople(trx, [...ids]);
    if (people.length < ids.size) return "unknown_user";
    const bots = botUserId === undefined ? [] : await findActivePeople(trx, [botUserId]);
    const row = await trx
      .insertInto("conversations")
      .values({
        title: request.title,
        priority: request.priority,
        labels: [...request.labels],
        is_bot_on: bots.length > 0,
        created_by: createdBy,
        client_id: request.clientId,
        snoozed_until: null,
        assignee_id: null,
        last_message_id: null,
      })
      .onConflict((conflict) => conflict.columns(["created_by", "client_id"]).doNothing())
      .returning("id")
      .executeTakeFirst();
    if (row === undefined) return await expectCreated(trx, request); // by another call, which this one waited for
    await addPeople(trx, row.id, { people: [...people, ...bots] });
    if (request.tellsWebhook) await recordConversationEvent(trx, { type: "conversation.created", conversationId: row.id });
    return { id: row.id, isKnown: false };
  });
}

async function findCreated(trx: Db, { createdBy, clientId }: NewConversationRequest): Promise<CreatedConversation | undefined> {
  const row = await trx
    .selectFrom("conversations")
    .select("id")
    .where("created_by", "=", createdBy)
    .where("client_id", "=", clientId)
    .executeTakeFirst();
  return row && { id: row.id, isKnown: true };
}

async function expectCreated(trx: Db, request: NewConversationRequest): Promise<CreatedConversation> {
  const known = await findCreated(trx, request);
  if (known === undefined) throw new Error("a conversation is neither new nor known");
  return known;
}
