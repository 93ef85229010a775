/** The filter of the list, kept for the life of the tab. */
import { isRecord } from "@drawchat/client/shape";
import type { Filter } from "../conversation/inbox-list.ts";

const KEY = "drawchat.inbox.filter";
export const STATUSES = ["open", "pending", "snoozed", "resolved"] as const;
const WHOSE = ["mine", "unassigned", "all"] as const;
const FIRST: Filter = { whose: "all", status: "open", isUnread: false };

export function loadFilter(): Filter {
  try {
    const saved: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
    if (!isRecord(saved)) return FIRST;
    const whose = WHOSE.find((name) => name === saved.whose) ?? FIRST.whose;
    return { whose, status: STATUSES.find((name) => name === saved.status), isUnread: saved.isUnread === true };
  } catch {
    return FIRST;
  }
}

export function saveFilter(filter: Filter): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(filter));
  } catch {
    // storage forbidden: the filter lasts until the next reload
  }
}
