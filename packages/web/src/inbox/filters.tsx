/** Whose conversations, in which status, and whether only those with something new. */
import type { ConversationStatus } from "@drawchat/protocol/conversations-rest";
import type { Filter } from "../conversation/inbox-list.ts";
import { STATUSES } from "./saved-filter.ts";

const WHOSE = { mine: "Mine", unassigned: "Unassigned", all: "All" } as const;
export const STATUS_WORDS: Readonly<Record<ConversationStatus, string>> = {
  open: "Open",
  pending: "Pending",
  snoozed: "Snoozed",
  resolved: "Resolved",
};

export function Filters({ filter, onChange }: { filter: Filter; onChange: (filter: Filter) => void }) {
  return (
    <div class="filters">
      <fieldset class="switch">
        <legend class="unseen">Whose</legend>
        {(["mine", "unassigned", "all"] as const).map((whose) => (
          <label key={whose} class={whose === filter.whose ? "chosen" : ""}>
            <input type="radio" name="whose" checked={whose === filter.whose} onChange={() => onChange({ ...filter, whose })} />
            {WHOSE[whose]}
          </label>
        ))}
      </fieldset>
      <div class="filters-more">
        <select
          aria-label="Status"
          value={filter.status ?? ""}
          onChange={({ currentTarget }) => onChange({ ...filter, status: STATUSES.find((status) => status === currentTarget.value) })}
        >
          <option value="">Any status</option>
          {STATUSES.map((status) => (
            <option key={status} value={status}>
              {STATUS_WORDS[status]}
            </option>
          ))}
        </select>
        <label class="check">
          <input
            type="checkbox"
            checked={filter.isUnread}
            onChange={(event) => onChange({ ...filter, isUnread: event.currentTarget.checked })}
          />
          Unread only
        </label>
      </div>
    </div>
  );
}
