import { CLOSE } from "@drawchat/protocol/errors";
import { publishControl } from "@drawchat/redis/control";
import type { ApiParts, App } from "../api.ts";
import { callerOf, requireRole } from "../bearer.ts";
import { readPathId } from "../query.ts";
import { idParams, noContent, problems } from "../schemas.ts";

/** Ends a user's sockets on every gateway. The user may come back unless the token is ended too. */
export function addDisconnectRoute(app: App, { redis, limiter, log }: ApiParts): void {
  const schema = { summary: "End a user's sockets", params: idParams("user_id"), response: { 204: noContent, ...problems(404, 429) } };
  const options = { schema, onRequest: requireRole("admin") };
  app.post("/live-chat/users/:user_id/disconnect", options, async (request, reply) => {
    const admin = callerOf(request).userId;
    await limiter.take(admin, "live_chat");
    const userId = readPathId(request.params.user_id);
    await publishControl(redis, { type: "end_user", user_id: userId, code: CLOSE.forbidden.code, reason: CLOSE.forbidden.reason });
    log.info({ component: "live_chat", admin, user_id: userId }, "user disconnected");
    return reply.code(204).send(null);
  });
}
