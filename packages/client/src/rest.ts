/** REST calls with a token. A refusal is an ApiError with the code of the problem document; the network's failure too. */
import { hasShape, isRecord, type Shape } from "./shape.ts";
import type { TokenSource } from "./token-source.ts";

export class ApiError extends Error {
  /** Of the problem document; `offline` where there was no answer. */
  readonly code: string;
  /** 0: no answer. */
  readonly status: number;
  readonly retryAfterMs: number | undefined;
  /** The whole problem document, where there is one: some say more than their code. */
  readonly problem: Record<string, unknown>;

  constructor(status: number, code: string, detail: string, rest: { retryAfterMs?: number; problem?: Record<string, unknown> } = {}) {
    super(detail);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.retryAfterMs = rest.retryAfterMs;
    this.problem = rest.problem ?? {};
  }
}

export interface RestCall {
  /** Default GET. */
  method?: string;
  /** From the root: `/conversations/99`. */
  path: string;
  /** Undefined ones are left out. */
  query?: Record<string, string | number | boolean | undefined>;
  /** Sent as JSON. */
  body?: unknown;
  signal?: AbortSignal | undefined;
}

/** For answers without a body, and for those that nobody looks into. */
export const ANYTHING: Shape = () => true;

export class Rest {
  readonly #server: string;
  readonly #tokens: TokenSource;

  /** `server`: an origin, `https://chat.example.org`. */
  constructor(server: string, tokens: TokenSource) {
    this.#server = server;
    this.#tokens = tokens;
  }

  /** The answer's body. One that has not the shape is an ApiError as well. */
  async json<Body>(call: RestCall, shape: Shape): Promise<Body> {
    const response = await this.fetch(call);
    return readBody<Body>(await response.json().catch(() => undefined), shape);
  }

  /** Resolves with an answer of success. A token that has ended is renewed once, where that can be done. */
  async fetch(call: RestCall): Promise<Response> {
    const { method = "GET", body, signal } = call;
    const json = body === undefined ? {} : { "content-type": "application/json" };
    return await this.withToken((token) =>
      fetchOk(this.url(call), {
        method,
        headers: { ...json, authorization: `Bearer ${token}` },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        ...(signal && { signal }),
      }),
    );
  }

  /** Runs a call of any kind with a token, and once more with a newer one where it ended in 401. */
  async withToken<Result>(run: (token: string) => Promise<Result>): Promise<Result> {
    try {
      return await run(await this.#tokens.token());
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 401 && this.#tokens.isRenewable)) throw error;
      return await run(await this.#tokens.renew());
    }
  }

  url({ path, query = {} }: Pick<RestCall, "path" | "query">): string {
    const given = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (value !== undefined) given.set(name, String(value));
    return this.#server + path + (given.size === 0 ? "" : `?${given}`);
  }
}

/** An answer of success, or an ApiError. What `signal` ended rejects as fetch does. */
export async function fetchOk(url: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError(0, "offline", "The server cannot be reached.");
  }
  if (response.ok) return response;
  throw problemOf(response.status, await response.json().catch(() => undefined), response.headers.get("retry-after"));
}

/** The refusal in an answer. */
export function problemOf(status: number, body: unknown, retryAfter: string | null): ApiError {
  if (!isRecord(body)) return new ApiError(status, "unavailable", "The server did not answer as expected.");
  const code = typeof body.code === "string" ? body.code : "unavailable";
  const detail = typeof body.detail === "string" ? body.detail : "The server refused.";
  const seconds = Number(retryAfter ?? Number.NaN);
  return new ApiError(status, code, detail, { problem: body, ...(Number.isFinite(seconds) && { retryAfterMs: seconds * 1_000 }) });
}

/** A body that was checked as far as it is leant on. Throws an ApiError for another one. */
export function readBody<Body>(value: unknown, shape: Shape): Body {
  if (!isBody<Body>(value, shape)) throw new ApiError(200, "unexpected", "The server did not answer as expected.");
  return value;
}

function isBody<Body>(value: unknown, shape: Shape): value is Body {
  return hasShape(value, shape);
}
