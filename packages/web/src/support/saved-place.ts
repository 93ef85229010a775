/** Where a person was in the widget, kept for the life of the tab. Lost where storage is forbidden, never an error. */
import { isRecord } from "@drawchat/client/shape";

export interface SavedPlace {
  isOpen: boolean;
  conversationId: number | undefined;
}

export function loadPlace(owner: string): SavedPlace {
  try {
    const saved: unknown = JSON.parse(sessionStorage.getItem(keyOf(owner)) ?? "null");
    if (!isRecord(saved)) return { isOpen: false, conversationId: undefined };
    return { isOpen: saved.isOpen === true, conversationId: Number(saved.conversationId) || undefined };
  } catch {
    return { isOpen: false, conversationId: undefined };
  }
}

export function savePlace(owner: string, place: SavedPlace): void {
  try {
    sessionStorage.setItem(keyOf(owner), JSON.stringify(place));
  } catch {
    // the panel is closed after a reload
  }
}

function keyOf(owner: string): string {
  return `drawchat.support.${owner}`;
}
