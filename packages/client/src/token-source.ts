/** Where the calls of a client get their token from. */
export interface TokenOptions {
  token?: string | undefined;
  /** Asked for the first token, and for a newer one when that has ended. Goes before `token`. */
  getToken?: (() => Promise<string>) | undefined;
}

export class TokenSource {
  /** False: once the token has ended, so has the sign-in. */
  readonly isRenewable: boolean;
  readonly #getToken: () => Promise<string>;
  #token: string | undefined;

  constructor({ token, getToken }: TokenOptions) {
    this.isRenewable = getToken !== undefined;
    this.#getToken = getToken ?? (async () => token ?? "");
    if (getToken === undefined) this.#token = token;
  }

  /** The last token; undefined where none was asked for yet. */
  get last(): string | undefined {
    return this.#token;
  }

  /** The last token; a new one where there is none yet. Rejects as `getToken` does. */
  async token(): Promise<string> {
    return this.#token ?? (await this.renew());
  }

  async renew(): Promise<string> {
    this.#token = await this.#getToken();
    return this.#token;
  }
}
