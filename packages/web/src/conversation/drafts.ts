/** What was begun and not sent, kept for the life of the tab. Lost where storage is forbidden, never an error. */
import { isRecord } from "@drawchat/client/shape";
import type { Attachment } from "@drawchat/protocol/conversations";
import type { RoomPart } from "./thread.ts";

export interface Draft {
  /** Apart: what was begun as a private note must not become a reply by a click. */
  texts: Readonly<Record<RoomPart, string>>;
  /** The one that is being written. */
  part: RoomPart;
  /** Uploaded already. */
  attachments: readonly Attachment[];
}

const EMPTY: Draft = { texts: { talk: "", notes: "" }, part: "talk", attachments: [] };

export function loadDraft(owner: string): Draft {
  try {
    const saved: unknown = JSON.parse(sessionStorage.getItem(keyOf(owner)) ?? "null");
    return isDraft(saved) ? saved : EMPTY;
  } catch {
    return EMPTY;
  }
}

export function saveDraft(owner: string, draft: Draft): void {
  try {
    const { texts, part, attachments } = draft;
    // Who was writing notes comes back to notes, also to an empty one.
    if (texts.talk === "" && texts.notes === "" && part === "talk" && attachments.length === 0) sessionStorage.removeItem(keyOf(owner));
    else sessionStorage.setItem(keyOf(owner), JSON.stringify(draft));
  } catch {
    // see above
  }
}

function keyOf(owner: string): string {
  return `drawchat.draft.${owner}`;
}

function isDraft(value: unknown): value is Draft {
  return (
    isRecord(value) &&
    isRecord(value.texts) &&
    typeof value.texts.talk === "string" &&
    typeof value.texts.notes === "string" &&
    (value.part === "talk" || value.part === "notes") &&
    Array.isArray(value.attachments) &&
    value.attachments.every((item) => isRecord(item) && typeof item.upload_id === "string" && typeof item.name === "string")
  );
}
