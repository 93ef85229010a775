/** What Postgres says of the likes and viewers of a session, beside what a screen shows. */
import type { Db } from "@drawchat/db/connect";
import { sleep } from "@drawchat/runtime/backoff";
import type { Screen } from "./screen.ts";

export interface LikeCounts {
  /** A message's id, or 0 for the session. */
  readonly target: number;
  /** Undefined: never shown. */
  readonly screen: number | undefined;
  readonly column: number;
  readonly rows: number;
}

export interface ViewerCounts {
  readonly rows: number;
  readonly active: number;
}

const LOOK_MS = 250;

/** Of the session and of each message that is liked or was shown to be. */
export async function likeCounts(db: Db, screen: Screen): Promise<LikeCounts[]> {
  const session = await db
    .selectFrom("live_chat_sessions")
    .select(({ selectFrom }) => [
      "total_likes as column",
      selectFrom("live_chat_likes")
        .select(({ fn }) => fn.countAll<number>().as("rows"))
        .where("session_id", "=", screen.session)
        .where("message_id", "is", null)
        .as("rows"),
    ])
    .where("id", "=", screen.session)
    .executeTakeFirst();
  const messages = await db
    .selectFrom("live_chat_messages as m")
    .leftJoin("live_chat_likes as l", (join) => join.onRef("l.message_id", "=", "m.id").on("l.session_id", "=", screen.session))
    .select(({ fn }) => ["m.id as target", "m.likes as column", fn.count<number>("l.user_id").as("rows")])
    .where("m.session_id", "=", screen.session)
    .groupBy(["m.id", "m.likes"])
    .having(({ or, eb, fn }) => or([eb("m.likes", ">", 0), eb(fn.count("l.user_id"), ">", 0)]))
    .execute();
  const stored = messages.map((message) => ({ ...message, screen: screen.likesOfMessages.get(message.target) }));
  const known = new Set(stored.map(({ target }) => target));
  const shownOnly = [...screen.likesOfMessages].filter(([target, likes]) => likes > 0 && !known.has(target));
  return [
    { target: 0, screen: screen.likesOfSession, column: session?.column ?? 0, rows: session?.rows ?? 0 },
    ...stored,
    ...shownOnly.map(([target, likes]) => ({ target, screen: likes, column: 0, rows: 0 })),
  ];
}

/** Rows of likes, of the session and of its messages. */
export async function likeRows(db: Db, session: number): Promise<{ ofSession: number; ofMessages: number }> {
  const { all, ofSession } = await db
    .selectFrom("live_chat_likes")
    .select(({ fn }) => [fn.countAll<number>().as("all"), fn.countAll<number>().filterWhere("message_id", "is", null).as("ofSession")])
    .where("session_id", "=", session)
    .executeTakeFirstOrThrow();
  return { ofSession, ofMessages: all - ofSession };
}

export function isAgreed({ screen, column, rows }: LikeCounts): boolean {
  return screen === column && column === rows;
}

export async function viewerCounts(db: Db, session: number): Promise<ViewerCounts> {
  const counts = await db
    .selectFrom("live_chat_viewers")
    .select(({ fn }) => [fn.countAll<number>().as("rows"), fn.countAll<number>().filterWhere("is_active", "=", true).as("active")])
    .where("session_id", "=", session)
    .executeTakeFirstOrThrow();
  return { rows: counts.rows, active: counts.active };
}

/** Looks until what it sees is as it should be, or the time is over; resolves with what was seen last. */
export async function lookUntil<T>(look: () => Promise<T>, isRight: (seen: T) => boolean, withinMs: number): Promise<T> {
  const deadlineMs = performance.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (isRight(seen) || performance.now() > deadlineMs) return seen;
    await sleep(LOOK_MS);
  }
}
