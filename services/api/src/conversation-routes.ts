/** Everything about conversations and the people in them: a token always, of a user who was not deactivated. */

import { recogniseUser } from "./actor.ts";
import type { ApiParts, App } from "./api.ts";
import { authenticate } from "./bearer.ts";
import { addUserRoutes } from "./routes/users.ts";

/** `app` is a context of its own: its hooks are for these routes alone. */
export function addConversationRoutes(app: App, parts: ApiParts): void {
  app.addHook("onRoute", (route) => {
    route.schema = { ...route.schema, security: [{ bearer: [] }], tags: ["conversations"] };
  });
  app.addHook("onRequest", authenticate(parts.verifier));
  app.addHook("onRequest", recogniseUser(parts.users));
  addUserRoutes(app, parts);
}
