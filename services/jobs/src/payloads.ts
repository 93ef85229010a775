/** What jobs carry, read back: data from outside, like any other. */
import { parseId } from "@drawchat/protocol/ids";

/** Throws where the field is no id. */
export function idOf(payload: unknown, field: string): number {
  const id = parseId(String(Object.entries(Object(payload)).find(([name]) => name === field)?.[1]));
  if (id === undefined) throw new TypeError(`the job needs a ${field}`);
  return id;
}

export function conversationIdOf(payload: unknown): number {
  return idOf(payload, "conversation_id");
}
