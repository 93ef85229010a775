/** Paths and methods that no route serves: 404, 405 with `Allow`, and a plain OPTIONS. */
import { ClientError } from "@drawchat/protocol/errors";
import type { App } from "./api.ts";
import { sendProblem } from "./problems.ts";

/** Call it before routes are added: it takes note of each. */
export function answerUnrouted(app: App): void {
  const routes: { pattern: RegExp; methods: readonly string[] }[] = [];
  app.addHook("onRoute", ({ url, method }) => {
    if (url.includes("*")) return;
    routes.push({ pattern: new RegExp(`^${url.replace(/[.]/g, "\\.").replace(/:[a-z_]+/g, "[^/]+")}$`), methods: [method].flat() });
  });
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split("?")[0] ?? "/";
    const allowed = new Set(routes.filter((route) => route.pattern.test(path)).flatMap((route) => route.methods));
    if (allowed.size === 0) return sendProblem(reply, new ClientError("not_found"));
    reply.header("allow", [...allowed, "OPTIONS"].join(", "));
    if (request.method === "OPTIONS") return reply.code(204).send();
    return sendProblem(reply, new ClientError("method_not_allowed"));
  });
}
