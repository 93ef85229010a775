/**
 * JSON bodies, strictly: no `__proto__`, no key twice in an object, no deeper than 32, no number beyond a double. What
 * two parsers could read differently is refused. An empty body is no body.
 */
import { ClientError } from "@drawchat/protocol/errors";

const MAX_DEPTH = 32;
/** Strings, numbers and structure; whitespace and the words true, false, null are passed over. */
const TOKENS = /"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|[{}[\],:]/g;

/** Throws a ClientError where the text is not JSON as above. */
export function parseJsonBody(text: string): unknown {
  if (text.trim() === "") return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ClientError("bad_request", { detail: "The body is not valid JSON.", cause });
  }
  refuseAmbiguous(text);
  return value;
}

/** Walks the tokens of a text that is known to be valid JSON. */
function refuseAmbiguous(text: string): void {
  const open: (Set<string> | undefined)[] = []; // an object's keys, or undefined for an array
  let lastString: string | undefined;
  for (const [token] of text.matchAll(TOKENS)) {
    if (token === "{" || token === "[") {
      open.push(token === "{" ? new Set() : undefined);
      if (open.length > MAX_DEPTH) throw badBody("is nested too deeply");
    } else if (token === "}" || token === "]") {
      open.pop();
    } else if (token === ":") {
      addKey(open.at(-1), lastString);
    } else if (token.startsWith('"')) {
      lastString = token;
    } else if (token !== "," && !Number.isFinite(Number(token))) {
      throw badBody("has a number that is too large");
    }
  }
}

function addKey(keys: Set<string> | undefined, token: string | undefined): void {
  const key = String(JSON.parse(token ?? '""')); // the same key may be escaped differently
  if (key === "__proto__") throw badBody("has a key that is not allowed");
  if (keys?.has(key)) throw badBody("has a key twice");
  keys?.add(key);
}

function badBody(what: string): ClientError {
  return new ClientError("bad_request", { detail: `The body ${what}.` });
}
