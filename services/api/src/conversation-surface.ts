/** Everything about conversations and the people in them: a token always, of a user who was not deactivated. */

import { recogniseUser } from "./actor.ts";
import type { ApiParts, App } from "./api.ts";
import { authenticate } from "./bearer.ts";
import { addConversationRoutes } from "./routes/conversation.ts";
import { addSingleMessageRoutes } from "./routes/conversation-message.ts";
import { addConversationMessageRoutes } from "./routes/conversation-messages.ts";
import { addConversationListRoutes } from "./routes/conversations.ts";
import { addMarkRoutes } from "./routes/marks.ts";
import { addParticipantRoutes } from "./routes/participants.ts";
import { addSearchRoute } from "./routes/search.ts";
import { addUserRoutes } from "./routes/users.ts";

/** `app` is a context of its own: its hooks are for these routes alone. */
export function addConversationSurface(app: App, parts: ApiParts): void {
  app.addHook("onRoute", (route) => {
    route.schema = { ...route.schema, security: [{ bearer: [] }], tags: ["conversations"] };
  });
  app.addHook("onRequest", authenticate(parts.verifier));
  app.addHook("onRequest", recogniseUser(parts.users));
  addUserRoutes(app, parts);
  addConversationListRoutes(app, parts);
  addConversationRoutes(app, parts);
  addParticipantRoutes(app, parts);
  addConversationMessageRoutes(app, parts);
  addSingleMessageRoutes(app, parts);
  addMarkRoutes(app, parts);
  addSearchRoute(app, parts);
}
