/** `npm run -s dead-letters -- list | retry <id…|all> | drop <id…|all>`: events that Postgres would not take. */
import { connectDatabase } from "@drawchat/db/connect";
import { findDatabaseUrl } from "@drawchat/db/database-url";
import { deleteDeadLetters, listDeadLetters, type StoredDeadLetter } from "@drawchat/db/dead-letters";
import { parseId } from "@drawchat/protocol/ids";
import { ConfigError, Env } from "@drawchat/runtime/env";
import { loadOrExit } from "@drawchat/runtime/run";
import { readConversationSettings } from "@drawchat/runtime/settings";
import { retryDeadLetters } from "./retry-dead-letters.ts";

const USAGE = "usage: npm run -s dead-letters -- list | retry <id…|all> | drop <id…|all>";
const PAGE = 100;

type Command = "list" | "retry" | "drop";

const { url, tellsWebhook, command, ids } = loadOrExit(() => {
  const [name = "", ...rest] = process.argv.slice(2);
  const env = new Env(process.env);
  const { tellsWebhook } = readConversationSettings(env);
  return { url: findDatabaseUrl(env), tellsWebhook, command: commandOf(name, rest), ids: idsOf(rest) };
});
// The bot answers nothing that was said so long ago.
const followUps = { hasBot: false, tellsWebhook };

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

/** Without the body: it holds what somebody wrote. */
function printLetter({ origin, code, error, createdAt }: StoredDeadLetter): void {
  const fields = [origin.id, createdAt.toISOString(), origin.room || "-", origin.kind, origin.userId, code, error];
  process.stdout.write(`${fields.join(" | ")}\n`);
}

const database = connectDatabase({
  url,
  maxConnections: 1,
  applicationName: "drawchat-dead-letters",
  onError: (error) => process.stderr.write(`${error.message}\n`),
});
let count = 0;
let stored = 0;
for (let after = 0; ; ) {
  const letters = await listDeadLetters(database.pool, { after, limit: PAGE, ...(ids === undefined ? {} : { ids }) });
  if (command === "list") letters.forEach(printLetter);
  if (command === "retry") stored += (await retryDeadLetters(database.pool, letters, followUps)).length;
  const found = letters.map((letter) => letter.origin.id);
  if (command === "drop") await deleteDeadLetters(database.pool, found);
  count += letters.length;
  after = found.at(-1) ?? after;
  if (letters.length < PAGE) break;
}
const outcome = { list: "", retry: `, ${stored} stored`, drop: ", dropped" }[command];
process.stdout.write(`${count} dead ${count === 1 ? "letter" : "letters"}${outcome}\n`);
await database.close();
