/** Who is at this tab: kept for the life of the tab, so that a reload keeps the person and two tabs can be two people. */
import { isRecord } from "@drawchat/client/decode";

const KEY = "drawchat.person";

export interface Person {
  token: string;
  userId: number;
  username: string;
}

export function loadPerson(): Person | undefined {
  try {
    const saved: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
    return isPerson(saved) ? saved : undefined;
  } catch {
    return undefined; // storage forbidden or foreign content: ask for a name again
  }
}

export function savePerson(person: Person): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(person));
  } catch {
    // storage forbidden: the person lasts until the next reload
  }
}

export function forgetPerson(): void {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // storage forbidden: nothing was kept
  }
}

function isPerson(value: unknown): value is Person {
  return isRecord(value) && typeof value.token === "string" && typeof value.userId === "number" && typeof value.username === "string";
}
