/**
 * What the reads are measured against: Fastify routes that send the same bytes from memory: the body alone, body and
 * headers, and those after the same token check. Forked by `reads.ts`; told what to serve by its first message, answers
 * with its port.
 */
import type { AddressInfo } from "node:net";
import { createTokenVerifier } from "@drawchat/auth/token";
import { cacheVerdicts } from "@drawchat/auth/verdict-cache";
import Fastify from "fastify";
import { authenticate } from "../src/bearer.ts";

export interface BareContent {
  /** By path. */
  answers: Record<string, { headers: Record<string, string>; body: string }>;
  secret: string;
}

async function serve({ answers, secret }: BareContent): Promise<number> {
  const app = Fastify();
  app.decorateRequest("identity", undefined);
  const key = { kind: "secret", secret: new TextEncoder().encode(secret) } as const;
  const verifier = createTokenVerifier({ key, issuer: "drawchat", audience: "drawchat", maxAgeSeconds: 86_400 });
  const onRequest = authenticate(cacheVerdicts(verifier));
  for (const [path, { headers, body }] of Object.entries(answers)) {
    const bytes = Buffer.from(body);
    const send = { handler: async (_request: unknown, reply: Fastify.FastifyReply) => reply.headers(headers).send(bytes) };
    app.get(`/body${path}`, async (_request, reply) => reply.type("application/json").send(bytes));
    app.get(`/same${path}`, send);
    app.get(`/checked${path}`, { onRequest, ...send });
  }
  await app.listen({ host: "127.0.0.1", port: 0 });
  return (app.server.address() as AddressInfo).port;
}

process.once("message", (content: BareContent) => {
  void serve(content).then((port) => process.send?.(port));
});
process.once("disconnect", () => process.exit(0));
