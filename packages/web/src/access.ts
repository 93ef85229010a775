/** The server, and the token that says who the reader is to it. */
import { isRecord } from "@drawchat/client/decode";

export interface AccessOptions {
  /** Origin: `https://chat.example.org`. */
  server: string;
  token?: string | undefined;
  /** Asked at each connect, and when a token has ended. Goes before `token`. */
  getToken?: (() => Promise<string>) | undefined;
}

/** What a token says about its bearer. Only shown and used in names of storage: the server alone judges it. */
export interface Identity {
  userId: number;
  username: string;
}

export class Access {
  readonly server: string;
  /** False: once the token has ended, so has the sign-in. */
  readonly isRenewable: boolean;
  readonly #getToken: () => Promise<string>;
  #token: string | undefined;

  constructor({ server, token, getToken }: AccessOptions) {
    this.server = server;
    this.isRenewable = getToken !== undefined;
    this.#getToken = getToken ?? (async () => token ?? "");
  }

  /** The last token; a new one where there is none yet. Rejects as `getToken` does. */
  async token(): Promise<string> {
    return this.#token ?? (await this.renew());
  }

  async renew(): Promise<string> {
    this.#token = await this.#getToken();
    return this.#token;
  }

  /** How the socket gets its tokens. */
  get socketToken(): { token: string } | { getToken: () => Promise<string> } {
    return this.isRenewable ? { getToken: () => this.renew() } : { token: this.#token ?? "" };
  }

  /** Of the last token. */
  get identity(): Identity {
    return identityOf(this.#token ?? "");
  }

  /** Base of the WebSocket URL. */
  get socketUrl(): string {
    return this.server.replace(/^http/, "ws");
  }
}

function identityOf(token: string): Identity {
  const claims = claimsOf(token);
  const userId = Number(claims?.sub);
  return {
    userId: Number.isSafeInteger(userId) ? userId : 0,
    username: typeof claims?.username === "string" ? claims.username : "",
  };
}

function claimsOf(token: string): Record<string, unknown> | undefined {
  try {
    const base64 = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return isRecord(claims) ? claims : undefined;
  } catch {
    return undefined; // no JWT: the server will refuse it
  }
}
