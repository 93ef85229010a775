/** Uploads: a context of their own, since their bodies are no JSON. Who may call is as in all of conversations. */
import multipart from "@fastify/multipart";
import { recogniseUser } from "./actor.ts";
import type { ApiParts, App } from "./api.ts";
import { authenticate } from "./bearer.ts";
import { addUploadReadRoute } from "./routes/upload-read.ts";
import { addUploadRoute } from "./routes/uploads.ts";
import { MULTIPART_LIMITS, UploadBodies } from "./upload-body.ts";

export function addUploadCalls(app: App, parts: ApiParts): void {
  app.addHook("onRoute", (route) => {
    route.schema = { ...route.schema, security: [{ bearer: [] }], tags: ["uploads"] };
  });
  app.addHook("onRequest", authenticate(parts.verifier));
  app.addHook("onRequest", recogniseUser(parts.users));
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, _payload, done) => done(null)); // refused by the handler, in its turn
  void app.register(multipart, { limits: MULTIPART_LIMITS });
  const bodies = new UploadBodies();
  app.addHook("preClose", async () => bodies.stop());
  addUploadRoute(app, parts, bodies);
  addUploadReadRoute(app, parts);
}
