/** What a run left in Postgres: rows and bytes, with indexes, so that a plan can say how much a night takes. */
import { connectDatabase, type Database } from "@drawchat/db/connect";

const TABLES = { messages: "live_chat_messages", likes: "live_chat_likes", viewers: "live_chat_viewers" } as const;
/** Pages of 8 KB: of fewer rows the size says nothing of a row. */
const LEAST_ROWS = 1_000;

interface Size {
  readonly name: string;
  readonly rows: number;
  readonly bytes: number;
}

export class PostgresWatch {
  readonly #database: Database;
  #first: readonly Size[] = [];

  constructor(url: string) {
    this.#database = connectDatabase({ url, maxConnections: 1, applicationName: "drawchat-load", onError: () => undefined });
  }

  async start(): Promise<void> {
    this.#first = await this.#read();
  }

  /** `postgres.messages.rows`, `postgres.messages.rowBytes` and so on. Closes its connection, also where it rejects. */
  async finish(): Promise<{ name: string; value: number; unit: string }[]> {
    try {
      return (await this.#read()).flatMap(({ name, rows, bytes }) => {
        const before = this.#first.find((size) => size.name === name);
        if (before === undefined) return [];
        const added = rows - before.rows;
        const rowBytes = { name: `postgres.${name}.rowBytes`, value: Math.round((bytes - before.bytes) / added), unit: "bytes" };
        return [{ name: `postgres.${name}.rows`, value: added, unit: "" }, ...(added < LEAST_ROWS ? [] : [rowBytes])];
      });
    } finally {
      await this.#database.close();
    }
  }

  async #read(): Promise<Size[]> {
    return await Promise.all(Object.entries(TABLES).map(async ([name, table]) => ({ name, ...(await this.#sizeOf(table)) })));
  }

  async #sizeOf(table: string): Promise<{ rows: number; bytes: number }> {
    const query = `select count(*) as rows, pg_total_relation_size('${table}') as bytes from ${table}`;
    const { rows } = await this.#database.pool.query<{ rows: number; bytes: number }>(query);
    return rows[0] ?? { rows: 0, bytes: 0 };
  }
}
