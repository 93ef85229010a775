/** Events of conversations as the JSON that goes to everybody, around the places that `accept` fills. */
import type { ConversationMessage, UserRole } from "@drawchat/protocol/conversations";
import type { EventSubmission } from "./accept.ts";

type Parts = EventSubmission["parts"];

/** What its sender knows of it. */
export type NewMessage = Omit<ConversationMessage, "id" | "created_at" | "edited_at" | "deleted_at">;

/** The fields in the order of the protocol, whatever theirs is. */
export function newMessageParts(message: NewMessage): Parts {
  return ['{"type":"new_message","message":{"id":', `,${fieldsOf(message)},"created_at":"`, '","edited_at":null,"deleted_at":null}}'];
}

/** The whole message as it is from then on. */
export function editParts(message: ConversationMessage): Parts {
  const start = `,"message":{"id":${message.id},${fieldsOf(message)},"created_at":${JSON.stringify(message.created_at)},"edited_at":"`;
  return ['{"type":"edit","id":', start, '","deleted_at":null}}'];
}

export function deleteParts(messageId: number): Parts {
  return ['{"type":"delete","id":', `,"message_id":${messageId}}`, ""];
}

export function memberParts({ userId, username, role }: { userId: number; username: string; role: UserRole }, joined: boolean): Parts {
  const member = { user_id: userId, username, role, joined };
  return ['{"type":"member","id":', `,${JSON.stringify(member).slice(1)}`, ""];
}

function fieldsOf({ conversation_id, user_id, username, profile_pic, role, message, message_type, attachment }: NewMessage): string {
  const fields = { conversation_id, user_id, username, profile_pic, role, message, message_type, attachment };
  return JSON.stringify(fields).slice(1, -1);
}
