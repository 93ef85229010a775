/** What a tab remembers of a session: unsent messages and what was liked. Lost where storage is forbidden, never an error. */

/** Two chats on one page must not write into each other's outbox: the first has it. */
const takenOutboxes = new Set<string>();

export interface Outbox {
  storage?: Storage;
  storageKey?: string;
  /** Lets another chat of this page have it. */
  release: () => void;
}

export function takeOutbox(owner: string): Outbox {
  const storageKey = `drawchat.outbox.${owner}`;
  try {
    if (takenOutboxes.has(storageKey)) return { release: () => undefined };
    const storage = sessionStorage;
    takenOutboxes.add(storageKey);
    return { storage, storageKey, release: () => void takenOutboxes.delete(storageKey) };
  } catch {
    return { release: () => undefined }; // unsent messages last until the next reload
  }
}

/** 0 stands for the session. */
export function loadLiked(owner: string): Set<number> {
  try {
    const saved: unknown = JSON.parse(sessionStorage.getItem(likedKey(owner)) ?? "[]");
    return new Set(Array.isArray(saved) ? saved.filter((id) => typeof id === "number") : []);
  } catch {
    return new Set(); // unknown likes are learned from the server's "already liked"
  }
}

export function saveLiked(owner: string, liked: ReadonlySet<number>): void {
  try {
    sessionStorage.setItem(likedKey(owner), JSON.stringify([...liked].slice(-500)));
  } catch {
    // see loadLiked
  }
}

function likedKey(owner: string): string {
  return `drawchat.liked.${owner}`;
}
