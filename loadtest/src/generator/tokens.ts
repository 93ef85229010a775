/** Where the sockets of a run get their tokens from: signed here, out of a file, or from the sign-in of a development server. */
import { readFile } from "node:fs/promises";
import { signToken } from "@drawchat/auth/token";

export type TokenSource =
  /** Signed by the workers themselves, a user each. */
  | { readonly kind: "secret"; readonly secret: string; readonly issuer: string; readonly audience: string; readonly firstUserId: number }
  /** One for each user of the run, in order: its sockets first. */
  | { readonly kind: "given"; readonly tokens: readonly string[] }
  /** `POST /demo/token` of this server (`http://…`). */
  | { readonly kind: "demo"; readonly url: string };

/** Runs are shorter. */
const LIFETIME_SECONDS = 12 * 3_600;
/** Calls at once. */
const GROUP = 64;

/** The tokens of sockets `first` … `first + count - 1` of the run. */
export async function takeTokens(source: TokenSource, first: number, count: number): Promise<string[]> {
  if (source.kind === "given") return source.tokens.slice(first, first + count);
  const tokens: string[] = [];
  while (tokens.length < count) {
    const group = Array.from({ length: Math.min(GROUP, count - tokens.length) }, (_, i) => first + tokens.length + i);
    tokens.push(...(await Promise.all(group.map((index) => takeToken(source, index)))));
  }
  return tokens;
}

/** One token a line; empty lines and lines with `#` in front are passed over. Throws where there are fewer than needed. */
export async function readTokenFile(path: string, needed: number): Promise<string[]> {
  const lines = (await readFile(path, "utf8")).split("\n").map((line) => line.trim());
  const tokens = lines.filter((line) => line !== "" && !line.startsWith("#"));
  if (tokens.length < needed)
    throw new Error(`${path} has ${tokens.length} tokens, and the run has ${needed} users: one for each is needed`);
  return tokens;
}

async function takeToken(source: Exclude<TokenSource, { kind: "given" }>, index: number): Promise<string> {
  if (source.kind === "demo") return await signInForDemo(source.url, `viewer${index}`);
  const { issuer, audience, firstUserId } = source;
  const key = { kind: "secret" as const, secret: new TextEncoder().encode(source.secret) };
  const userId = firstUserId + index;
  return await signToken(
    { key, issuer, audience, maxAgeSeconds: LIFETIME_SECONDS },
    { userId, username: `viewer${index}`, expiresInSeconds: LIFETIME_SECONDS },
  );
}

async function signInForDemo(url: string, username: string): Promise<string> {
  const response = await fetch(`${url}/demo/token`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ username }),
  });
  const answer: unknown = response.ok ? await response.json() : undefined;
  if (typeof answer === "object" && answer !== null && "token" in answer && typeof answer.token === "string") return answer.token;
  throw new Error(`no token from ${url}/demo/token (status ${response.status}): give a secret (JWT_SECRET) or a file of tokens (--tokens)`);
}
