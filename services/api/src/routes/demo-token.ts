/** Sign-in for trying the chat out. Exists in development only; production answers 404 as for any unknown path. */
import { randomInt } from "node:crypto";
import { cleanUsername } from "@drawchat/auth/claims";
import type { TokenConfig } from "@drawchat/auth/config";
import { signToken } from "@drawchat/auth/token";
import { ClientError } from "@drawchat/protocol/errors";
import { DemoToken, NewDemoToken } from "@drawchat/protocol/rest";
import type { App } from "../api.ts";

/** Random users start here, above those that people make up by hand. */
const FIRST_DEMO_USER = 1_000_000_000;
const DEMO_USERS = 2 ** 47;
const LIFETIME_SECONDS = 12 * 3_600;

export function addDemoTokenRoute(app: App, token: TokenConfig): void {
  const schema = { summary: "A token for a new demo user", tags: ["demo"], body: NewDemoToken, response: { 200: DemoToken } };
  app.post("/demo/token", { schema }, async (request): Promise<DemoToken> => {
    const username = cleanUsername(request.body.username);
    if (username === undefined) throw new ClientError("bad_request", { detail: "username must have 1 to 100 characters." });
    const userId = FIRST_DEMO_USER + randomInt(DEMO_USERS);
    const { role = "customer" } = request.body;
    const roles = role === "customer" ? [] : [role]; // a customer is who has no role
    const expiresInSeconds = Math.min(LIFETIME_SECONDS, token.maxAgeSeconds);
    return { token: await signToken(token, { userId, username, roles, expiresInSeconds }), user_id: userId, username };
  });
}
