/** What a client does after its socket ended: the close code decides, the reason may name a time. */
import { CLOSE, mayReconnect } from "@drawchat/protocol/errors";

export type Comeback =
  | { kind: "retry" }
  /** The chat opens later; `opensAt` in Unix ms by the server's clock. */
  | { kind: "wait"; opensAt: number }
  | { kind: "final" };

/**
 * `tokenMayBeStale`: the socket had been welcomed with this token and a newer one can be had, so that 4501 says
 * "your token ended", not "your token is bad".
 */
export function comebackAfter(code: number, reason: string, tokenMayBeStale: boolean): Comeback {
  const opensAt = code === CLOSE.session.code ? opensAtIn(reason) : undefined;
  if (opensAt !== undefined) return { kind: "wait", opensAt };
  if (code === CLOSE.token.code && tokenMayBeStale) return { kind: "retry" };
  return { kind: mayReconnect(code) ? "retry" : "final" };
}

function opensAtIn(reason: string): number | undefined {
  const text = /(?:^|\s)opens_at=(\S+)/.exec(reason)?.[1];
  const time = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}
