/** What must be true of a night besides its certificate: likes and viewers, where the run can see the database. */
import { connectDatabase } from "@drawchat/db/connect";
import type { RunReport } from "../report/run-report.ts";
import type { Screen } from "./screen.ts";
import { isAgreed, type LikeCounts, likeCounts, lookUntil, viewerCounts } from "./stored-counts.ts";

type Figure = RunReport["figures"][number];

export interface Checked {
  readonly figures: Figure[];
  /** What is not as it should be, a sentence each. */
  readonly faults: string[];
}

export interface NightFacts {
  readonly databaseUrl: string;
  readonly screens: readonly Screen[];
  /** By session: how many people have been in, and how many still are; screens not counted. */
  readonly people: ReadonlyMap<number, { readonly came: number; readonly stayed: number }>;
}

/** Counts on screens are at most four a second, rows of likes follow the log. */
const LIKES_WITHIN_MS = 10_000;
/** Gateways report changes every 5 s, and everybody with the first report behind 45 to 75 s. */
const VIEWERS_WITHIN_MS = 90_000;
const FAULTS_TOLD = 5;

/** Waits for what is on its way. Rejects where Postgres does not answer. */
export async function checkNight({ databaseUrl, screens, people }: NightFacts): Promise<Checked> {
  const database = connectDatabase({ url: databaseUrl, maxConnections: 2, applicationName: "drawchat-load", onError: () => undefined });
  try {
    const likes = (await Promise.all(screens.map((screen) => checkLikes(() => likeCounts(database.db, screen), screen)))).flat();
    const viewers = await Promise.all(
      screens.map(async ({ session }) => {
        const { came = 0, stayed = 0 } = people.get(session) ?? {};
        const wanted = { rows: came + 1, active: stayed + 1 };
        const isRight = (seen: { rows: number; active: number }) => seen.rows === wanted.rows && seen.active === wanted.active;
        return { session, wanted, seen: await lookUntil(() => viewerCounts(database.db, session), isRight, VIEWERS_WITHIN_MS) };
      }),
    );
    const wrong = likes.filter((counts) => !isAgreed(counts));
    const rows = (counts: readonly LikeCounts[]) => counts.reduce((sum, { rows }) => sum + rows, 0);
    return {
      figures: [
        { name: "likes.ofSessions", value: rows(likes.filter(({ target }) => target === 0)), unit: "rows" },
        { name: "likes.ofMessages", value: rows(likes.filter(({ target }) => target !== 0)), unit: "rows" },
        { name: "likes.compared", value: likes.length, unit: "counts" },
        { name: "likes.disagree", value: wrong.length, unit: "counts" },
        { name: "viewers.rows", value: viewers.reduce((sum, { seen }) => sum + seen.rows, 0), unit: "rows" },
        { name: "viewers.active", value: viewers.reduce((sum, { seen }) => sum + seen.active, 0), unit: "rows" },
      ],
      faults: [
        ...screens.filter(({ isOpen }) => !isOpen).map(({ session }) => `the screen of session ${session} was closed during the run`),
        ...wrong.slice(0, FAULTS_TOLD).map(({ target, screen, column, rows }) => {
          const what = target === 0 ? "the session" : `message ${target}`;
          return `likes of ${what}: ${screen ?? "nothing"} on the screen, ${column} in the column, ${rows} rows`;
        }),
        ...viewers.flatMap(({ session, wanted, seen }) =>
          seen.rows === wanted.rows && seen.active === wanted.active
            ? []
            : [`viewers of session ${session}: ${seen.rows} rows and ${seen.active} active, not ${wanted.rows} and ${wanted.active}`],
        ),
      ],
    };
  } finally {
    await database.close();
  }
}

async function checkLikes(look: () => Promise<LikeCounts[]>, { isOpen }: Screen): Promise<LikeCounts[]> {
  const seen = await lookUntil(look, (counts) => !isOpen || counts.every(isAgreed), LIKES_WITHIN_MS);
  return isOpen ? seen : [];
}
