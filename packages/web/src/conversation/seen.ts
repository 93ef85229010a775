/** Read marks as they are shown: each reader once, under the last message that they have read. */
import type { MemberInfo } from "@drawchat/protocol/conversations";
import type { Item, Shown } from "./thread.ts";

/** Names by the key of the item. Who wrote that message themselves is left out, and so are bots. */
export function seenBy(
  items: readonly Item[],
  readers: readonly MemberInfo[],
  nameOf: (userId: number) => string | undefined,
): ReadonlyMap<string, readonly string[]> {
  const talk = items.flatMap((item) =>
    item.kind === "message" && !item.message.isNote && item.message.id !== undefined ? [item.message] : [],
  );
  const seen = new Map<string, string[]>();
  for (const reader of readers) {
    const last = talk.findLast(({ id = 0 }) => id <= reader.read_upto);
    const name = nameOf(reader.user_id);
    if (!last || name === undefined || reader.role === "bot" || isBy(reader, last)) continue;
    seen.set(last.key, [...(seen.get(last.key) ?? []), name]);
  }
  return seen;
}

function isBy({ user_id }: MemberInfo, { userId }: Shown): boolean {
  return user_id === userId;
}
