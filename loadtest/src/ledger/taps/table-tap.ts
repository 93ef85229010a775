/** What Postgres has of some rooms: the rows of their messages, and the dead letters, which an operator can read instead. */
import { connectDatabase, type Database } from "@drawchat/db/connect";
import { type RoomName, roomNumber } from "@drawchat/protocol/ids";
import { parseLoadText } from "../../generator/load-text.ts";
import type { LoadEvent } from "../event-list.ts";

export interface TableTapOptions {
  run: number;
  rooms: readonly RoomName[];
  url: string;
}

const ROWS_A_READ = 5_000;

export class TableTap {
  readonly #run: number;
  readonly #rooms: readonly RoomName[];
  readonly #database: Database;
  /** The highest id of each room before the run. */
  readonly #before = new Map<RoomName, number>();

  constructor({ run, rooms, url }: TableTapOptions) {
    this.#run = run;
    this.#rooms = rooms;
    // A connection that breaks is replaced, and its query fails where it was asked.
    this.#database = connectDatabase({ url, maxConnections: 1, applicationName: "drawchat-ledger", onError: () => undefined });
  }

  /** To be called before the first message goes out. */
  async start(): Promise<void> {
    for (const room of this.#rooms) {
      const row = await this.#database.db
        .selectFrom("live_chat_messages")
        .select((eb) => eb.fn.max("id").as("highest"))
        .where("session_id", "=", roomNumber(room))
        .executeTakeFirst();
      this.#before.set(room, row?.highest ?? 0);
    }
  }

  /** In order of their ids; withdrawn messages are rows too. */
  async stored(room: RoomName): Promise<LoadEvent[]> {
    const events: LoadEvent[] = [];
    for (let after = this.#before.get(room) ?? 0; ; ) {
      const rows = await this.#database.db
        .selectFrom("live_chat_messages")
        .select(["id", "message"])
        .where("session_id", "=", roomNumber(room))
        .where("id", ">", after)
        .orderBy("id")
        .limit(ROWS_A_READ)
        .execute();
      for (const { id, message } of rows) {
        const load = parseLoadText(message);
        if (load?.run === this.#run) events.push({ id, sender: load.sender, n: load.n });
      }
      after = rows.at(-1)?.id ?? after;
      if (rows.length < ROWS_A_READ) return events;
    }
  }

  async deadLetters(room: RoomName): Promise<Set<number>> {
    const rows = await this.#database.db
      .selectFrom("dead_letters")
      .select("event_id")
      .where("room", "=", room)
      .where("event_id", ">", this.#before.get(room) ?? 0)
      .execute();
    return new Set(rows.map((row) => row.event_id));
  }

  async stop(): Promise<void> {
    await this.#database.close();
  }
}
