/** Read marks as they are shown: each reader once, under the last message that they have read. */
import type { MemberInfo } from "@drawchat/protocol/conversations";
import type { Item, Shown } from "./thread.ts";

/** Names by the key of the item. Who answered since then, and every bot, is left out: it tells nothing new. */
export function seenBy(
  items: readonly Item[],
  readers: readonly MemberInfo[],
  nameOf: (userId: number) => string | undefined,
): ReadonlyMap<string, readonly string[]> {
  const talk = items.flatMap((item) => (item.kind === "message" && !item.message.isNote ? [item.message] : []));
  const seen = new Map<string, string[]>();
  for (const reader of readers) {
    const last = talk.findLast((message) => isRead(message, reader));
    const name = nameOf(reader.user_id);
    if (!last || name === undefined || reader.role === "bot" || last.userId === reader.user_id) continue;
    seen.set(last.key, [...(seen.get(last.key) ?? []), name]);
  }
  return seen;
}

function isRead({ id, userId }: Shown, { user_id, read_upto }: MemberInfo): boolean {
  return id !== undefined && (id <= read_upto || userId === user_id);
}
