/**
 * Callers who asked before on the same connection. Their header is compared with the last one that was good there: the token's
 * digest, by which the verdicts of all are kept, costs as much as all else that is done for an answer from memory.
 */
import type { CachedVerifier } from "@drawchat/auth/verdict-cache";
import { tokenIn } from "./bearer.ts";

export class KnownCallers {
  readonly #verifier: Pick<CachedVerifier, "believedUntilMs">;
  readonly #now: () => number;
  readonly #lastGood = new WeakMap<object, { authorization: string; believedUntilMs: number }>();

  /** `now` is the verifier's clock; default the process's. */
  constructor(verifier: Pick<CachedVerifier, "believedUntilMs">, now: () => number = Date.now) {
    this.#verifier = verifier;
    this.#now = now;
  }

  /** Whether an Authorization header has a token that is known to be good at this moment. False: `verify` tells. */
  has(connection: object, authorization: string | undefined): boolean {
    if (authorization === undefined) return false;
    const last = this.#lastGood.get(connection);
    if (last?.authorization === authorization && this.#now() < last.believedUntilMs) return true;
    const token = tokenIn(authorization);
    const believedUntilMs = token === undefined ? undefined : this.#verifier.believedUntilMs(token);
    if (believedUntilMs === undefined) return false;
    this.#lastGood.set(connection, { authorization, believedUntilMs });
    return true;
  }
}
