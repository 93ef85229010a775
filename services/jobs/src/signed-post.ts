/**
 * A POST to an address of the operator's choice, signed so that the receiver knows it is ours and when it was made:
 *
 *   Drawchat-Signature: t=1767225600,v1=<hex of HMAC-SHA-256 over "1767225600." and the body, by the shared secret>
 *   Drawchat-Delivery: <UUID>   the same for the same thing, however often it is sent
 */
import { createHmac } from "node:crypto";

export interface Receiver {
  readonly url: string;
  readonly secret: string;
}

export interface SignedPost {
  deliveryId: string;
  body: string;
  /** Default false: it is not read. */
  wantsAnswer?: boolean;
  /** Until the end of the answer. Default 10,000. */
  timeoutMs?: number;
}

export const ANSWER_MAX_BYTES = 65_536;
const TIMEOUT_MS = 10_000;

/** What is said about a POST that failed: nothing of what was sent or answered is in it. */
export class PostFailed extends Error {}

/** Resolves where the answer is 2xx, with its text if wanted. Throws PostFailed otherwise; redirects are not followed. */
export async function postSigned({ url, secret }: Receiver, post: SignedPost): Promise<string> {
  const { deliveryId, body, wantsAnswer = false, timeoutMs = TIMEOUT_MS } = post;
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "user-agent": "drawchat",
        "drawchat-delivery": deliveryId,
        "drawchat-signature": signatureOf(secret, body, Date.now()),
      },
      body,
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (response.ok && wantsAnswer) return await readText(response);
    await response.body?.cancel();
    if (!response.ok) throw new PostFailed(`it answered ${response.status}`);
    return "";
  } catch (error) {
    throw error instanceof PostFailed ? error : new PostFailed(reasonOf(error, timeoutMs), { cause: error });
  }
}

export function signatureOf(secret: string, body: string, nowMs: number): string {
  const seconds = Math.floor(nowMs / 1_000);
  return `t=${seconds},v1=${createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex")}`;
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    // Leaving the loop cancels the rest.
    if (bytes > ANSWER_MAX_BYTES) throw new PostFailed(`its answer has more than ${ANSWER_MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function reasonOf(error: unknown, timeoutMs: number): string {
  if (error instanceof Error && error.name === "TimeoutError") return `it did not answer within ${timeoutMs} ms`;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "no connection";
  return `it cannot be reached (${code})`;
}
