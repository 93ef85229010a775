/** The server, and the token that says who the reader is to it. */
import { Rest } from "@drawchat/client/rest";
import { isRecord } from "@drawchat/client/shape";
import { type TokenOptions, TokenSource } from "@drawchat/client/token-source";

export interface AccessOptions extends TokenOptions {
  /** Origin: `https://chat.example.org`. */
  server: string;
}

/** What a token says about its bearer. Only shown and used in names of storage: the server alone judges it. */
export interface Identity {
  userId: number;
  username: string;
}

export class Access {
  readonly server: string;
  readonly tokens: TokenSource;
  readonly rest: Rest;

  constructor({ server, ...token }: AccessOptions) {
    this.server = server;
    this.tokens = new TokenSource(token);
    this.rest = new Rest(server, this.tokens);
  }

  /** How the socket gets its tokens. */
  get socketToken(): { token: string } | { getToken: () => Promise<string> } {
    return this.tokens.isRenewable ? { getToken: () => this.tokens.renew() } : { token: this.tokens.last ?? "" };
  }

  /** Of the last token. */
  get identity(): Identity {
    return identityOf(this.tokens.last ?? "");
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
