/** Headers that every answer carries, and what other origins may do (CORS). */
import cors from "@fastify/cors";
import helmet from "@fastify/helmet";
import Fastify from "fastify";
import type { App } from "./api.ts";

/** `allowedOrigins` may call from a browser beside the page's own; nobody may with cookies. */
export async function addHeaders(app: Pick<App, "addHook" | "register">, allowedOrigins: readonly string[]): Promise<void> {
  const fixed = { ...(await securityHeaders()), "cache-control": "no-store" };
  app.addHook("onRequest", (_request, reply, done) => {
    reply.headers(fixed);
    done();
  });
  await app.register(cors, {
    origin: [...allowedOrigins],
    credentials: false,
    methods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
    allowedHeaders: ["Authorization", "Content-Type", "If-None-Match"],
    exposedHeaders: ["ETag", "Retry-After"],
    maxAge: 600,
    strictPreflight: false,
  });
}

/** What `addHeaders` puts on an answer to a caller of each origin that may call; under undefined, to one who names none. */
export async function headersByOrigin(allowedOrigins: readonly string[]): Promise<Map<string | undefined, Record<string, string>>> {
  const probe = Fastify();
  const own = new Set(["content-type", "content-length", "date", "connection"]);
  await addHeaders(probe, allowedOrigins);
  probe.get("/", async () => "");
  const byOrigin = new Map<string | undefined, Record<string, string>>();
  for (const origin of [undefined, ...allowedOrigins]) {
    const { headers } = await probe.inject({ url: "/", headers: origin === undefined ? {} : { origin } });
    const fixed = Object.entries(headers).filter(([name]) => !own.has(name));
    byOrigin.set(origin, Object.fromEntries(fixed.map(([name, value]) => [name, String(value)])));
  }
  await probe.close();
  return byOrigin;
}

/** Helmet's, taken from one answer of it: it makes the same headers anew for each, which was a sixth of a read's cost. */
async function securityHeaders(): Promise<Record<string, string>> {
  const probe = Fastify();
  probe.get("/", async () => "");
  const before = new Set(Object.keys((await probe.inject("/")).headers));
  await probe.close();
  const helmeted = Fastify();
  await helmeted.register(helmet, HELMET);
  helmeted.get("/", async () => "");
  const { headers } = await helmeted.inject("/");
  await helmeted.close();
  return Object.fromEntries(Object.entries(headers).flatMap(([name, value]) => (before.has(name) ? [] : [[name, String(value)]])));
}

const HELMET = {
  // `connect-src 'self'` covers ws: and wss: of the page's own origin; browsers from before 2022 need them named.
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'self'"],
      connectSrc: ["'self'", "ws:", "wss:"],
      imgSrc: ["'self'", "data:", "blob:", "https:"], // blob: files of conversations, which are fetched with a token
      styleSrc: ["'self'", "'unsafe-inline'"],
      objectSrc: ["'none'"],
      baseUri: ["'none'"],
      frameAncestors: ["'none'"],
    },
  },
  hsts: false, // the proxy ends TLS and knows whether it does
  crossOriginEmbedderPolicy: false,
};
