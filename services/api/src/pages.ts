/** The built pages: `/`, `/inbox`, `/support` never cached, assets (named by their hash) for ever. */
import { resolve } from "node:path";
import serveStatic from "@fastify/static";
import type { App } from "./api.ts";

const YEAR_SECONDS = 31_536_000;

/**
 * Serves the files that are in the folder at start; nothing above it, nothing hidden. Where `x.br` or `x.gz` lies beside
 * `x`, a client that takes it gets that; without them, and for others, the plain file.
 */
export async function addPages(app: App, webDir: string): Promise<void> {
  await app.register(serveStatic, {
    root: resolve(webDir),
    wildcard: false,
    preCompressed: true,
    globIgnore: ["**/*.{br,gz}"],
    index: ["index.html"], // as a list: `/` is not looked for among the compressed files otherwise
    dotfiles: "ignore",
    cacheControl: false,
    setHeaders: (reply, path) => {
      const isHashed = /[.-][0-9A-Za-z]{8,}\.[a-z0-9]+(\.br|\.gz)?$/.test(path);
      reply.header("cache-control", isHashed ? `public, max-age=${YEAR_SECONDS}, immutable` : "no-cache");
    },
  });
  for (const page of ["inbox", "support"]) {
    app.get(`/${page}`, { schema: { hide: true } }, (_request, reply) => reply.sendFile(`${page}.html`));
  }
}
