/** `npm run -s sql -- "select …"`: runs a query where psql is absent, by default on the chat that runs here. */
import { ConfigError, Env } from "@drawchat/runtime/env";
import { loadOrExit } from "@drawchat/runtime/run";
import pg from "pg";
import { findDatabaseUrl } from "./database-url.ts";

const { url, query } = loadOrExit(() => {
  const url = findDatabaseUrl(new Env(process.env));
  const query = process.argv.slice(2).join(" ").trim();
  if (query === "") throw new ConfigError(['usage: npm run -s sql -- "select count(*) from live_chat_messages"']);
  return { url, query };
});

/** As psql's unaligned output: a line of names, then the rows; NULL is empty, a time is RFC 3339. */
function printTable({ fields, rows, command, rowCount }: pg.QueryArrayResult): void {
  if (fields.length === 0) return void process.stdout.write(`${command} ${rowCount ?? ""}\n`);
  const lines = [fields.map((field) => field.name), ...rows.map((row) => row.map(cell))];
  process.stdout.write(`${lines.map((line) => line.join(" | ")).join("\n")}\n(${rows.length} ${rows.length === 1 ? "row" : "rows"})\n`);
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (value instanceof Date) return value.toISOString();
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

const client = new pg.Client({ connectionString: url, application_name: "drawchat-sql" });
try {
  await client.connect();
  const results = await client.query<unknown[]>({ text: query, rowMode: "array" });
  // Several statements in one text give several results.
  for (const result of Array.isArray(results) ? results : [results]) printTable(result);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message || String(error) : String(error)}\n`);
  process.exitCode = 1;
} finally {
  await client.end();
}
