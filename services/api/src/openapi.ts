/** The description of every call, at `/openapi.json`, and a page to try them, at `/docs`. Neither asks anybody outside. */
import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import type { App } from "./api.ts";
import { withExamples } from "./examples.ts";

const DESCRIPTION = "Every call needs a token: `npm run -s token -- --user-id 1 --username ann`; in development `POST /demo/token` too.";

/** Before routes are added: it takes note of each. */
export async function addDescription(app: App, { withPage }: { withPage: boolean }): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title: "drawchat", version: "1.0.0", description: DESCRIPTION },
      components: { securitySchemes: { bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" } } },
    },
    hideUntagged: true,
    transformObject: (made) => ("openapiObject" in made ? withExamples(made.openapiObject) : made.swaggerObject),
  });
  app.get("/openapi.json", async () => app.swagger());
  if (!withPage) return;
  await app.register(swaggerUi, {
    routePrefix: "/docs",
    uiConfig: { persistAuthorization: true, tryItOutEnabled: true, displayRequestDuration: true },
    theme: { title: "drawchat: try the calls" },
  });
}
