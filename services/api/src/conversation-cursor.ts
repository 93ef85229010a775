/** The place in a list of conversations, as clients hand it back: opaque to them, exact to the microsecond for us. */
import type { ActivityCursor } from "@drawchat/db/conversation-views";
import { ClientError } from "@drawchat/protocol/errors";
import { parseId } from "@drawchat/protocol/ids";
import type { Query } from "./query.ts";

const CURSOR = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z) (\d{1,16})$/;

export function encodeCursor({ activity, id }: ActivityCursor): string {
  return Buffer.from(`${activity} ${id}`).toString("base64url");
}

/** Undefined where the parameter is absent. Throws `bad_request` for what is no cursor of ours. */
export function readCursor(query: Query, name: string): ActivityCursor | undefined {
  const text = query[name];
  if (text === undefined) return undefined;
  const [, activity = "", id = ""] = CURSOR.exec(typeof text === "string" ? Buffer.from(text, "base64url").toString() : "") ?? [];
  const parsedId = parseId(id);
  if (parsedId === undefined || !isInstant(activity)) {
    throw new ClientError("bad_request", { detail: `${name} is not a cursor of this list.` });
  }
  return { activity, id: parsedId };
}

/** JavaScript takes a 30th of February for the 2nd of March, Postgres refuses it. */
function isInstant(text: string): boolean {
  const date = new Date(text);
  return !Number.isNaN(date.getTime()) && date.toISOString().slice(0, 19) === text.slice(0, 19);
}
