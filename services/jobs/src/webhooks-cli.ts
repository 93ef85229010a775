/** `npm run -s webhooks -- list | retry <id…|all> | drop <id…|all>`: webhook events that were given up. */
import { connectDatabase } from "@drawchat/db/connect";
import { findDatabaseUrl } from "@drawchat/db/database-url";
import { type DeadWebhook, dropDeadWebhooks, listDeadWebhooks, reviveDeadWebhooks } from "@drawchat/db/dead-webhooks";
import { parseId } from "@drawchat/protocol/ids";
import { ConfigError, Env } from "@drawchat/runtime/env";
import { loadOrExit } from "@drawchat/runtime/run";

const USAGE = "usage: npm run -s webhooks -- list | retry <id…|all> | drop <id…|all>";
const PAGE = 100;

type Command = "list" | "retry" | "drop";

const { url, command, ids } = loadOrExit(() => {
  const [name = "", ...rest] = process.argv.slice(2);
  const url = findDatabaseUrl(new Env(process.env));
  return { url, command: commandOf(name, rest), ids: idsOf(rest) };
});

function commandOf(name: string, rest: readonly string[]): Command {
  if (name === "list" && rest.length === 0) return name;
  if ((name === "retry" || name === "drop") && rest.length > 0) return name;
  throw new ConfigError([USAGE]);
}

/** undefined: all of them. */
function idsOf(texts: readonly string[]): number[] | undefined {
  if (texts.length === 0 || texts[0] === "all") return undefined;
  return texts.map((text) => {
    const id = parseId(text);
    if (id === undefined) throw new ConfigError([`${text} is not an id`, USAGE]);
    return id;
  });
}

/** Without the payload: it holds what somebody wrote. */
function print({ id, createdAt, deadAt, conversationId, type, attempts, error }: DeadWebhook): void {
  const fields = [id, createdAt.toISOString(), deadAt.toISOString(), conversationId, type, attempts, error];
  process.stdout.write(`${fields.join(" | ")}\n`);
}

const database = connectDatabase({
  url,
  maxConnections: 1,
  applicationName: "drawchat-webhooks",
  onError: (error) => process.stderr.write(`${error.message}\n`),
});

async function list(): Promise<number> {
  let count = 0;
  for (let after = 0; ; ) {
    const page = await listDeadWebhooks(database.pool, { after, limit: PAGE });
    page.forEach(print);
    count += page.length;
    after = page.at(-1)?.id ?? after;
    if (page.length < PAGE) return count;
  }
}

const run = { list, retry: () => reviveDeadWebhooks(database.pool, ids), drop: () => dropDeadWebhooks(database.pool, ids) };
const count = await run[command]();
const outcome = { list: "", retry: ", to be told again", drop: ", dropped" }[command];
process.stdout.write(`${count} dead webhook ${count === 1 ? "event" : "events"}${outcome}\n`);
await database.close();
