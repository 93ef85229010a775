/** A person's picture; initials where there is none or it does not load. Decoration: their name stands beside it. */
import { useState } from "preact/hooks";

const HUES = 10;

export interface Person {
  userId: number;
  username: string;
  profilePic: string | null;
}

export function Avatar({ person: { userId, username, profilePic } }: { person: Person }) {
  const [isBroken, setIsBroken] = useState(false);
  const picture = isBroken ? undefined : safePicture(profilePic);
  return (
    <span class={`avatar ${hueOf(userId)}`} aria-hidden="true">
      {picture === undefined ? (
        initialsOf(username)
      ) : (
        <img src={picture} alt="" loading="lazy" referrerpolicy="no-referrer" onError={() => setIsBroken(true)} />
      )}
    </span>
  );
}

/** The class that gives a person their colour. */
export function hueOf(userId: number): string {
  return `hue-${userId % HUES}`;
}

/** Pictures come from https or from this server; anything else is not loaded. */
function safePicture(url: string | null): string | undefined {
  if (url === null || url === "") return undefined;
  if (!URL.canParse(url, location.origin)) return undefined;
  const parsed = new URL(url, location.origin);
  return parsed.protocol === "https:" || parsed.origin === location.origin ? parsed.href : undefined;
}

/** Up to two first letters of the name's words. */
function initialsOf(username: string): string {
  const words = username.trim().split(/\s+/);
  const letters = (words.length > 1 ? [words[0], words.at(-1)] : [words[0]]).map((word) => [...(word ?? "")][0] ?? "");
  return letters.join("").toUpperCase() || "?";
}
