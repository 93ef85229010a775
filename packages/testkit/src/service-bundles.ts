/**
 * The services as one file each, for test clusters: the same code as their sources, but a process loads it in a third of the
 * time. Each process of ours loads some 1,500 modules, which was a third of what the whole suite computed.
 * `npm start`, the image and the benchmarks run the sources; the tests of `npm start` do so too.
 */
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build, type Plugin } from "esbuild";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const SERVICES = ["api", "gateway", "writer", "jobs", "edge"] as const;
/** What looks for files beside its own: native parts, SQL, workers, pages. It is loaded before all that is within a bundle. */
const EXTERNAL = ["sharp", "graphile-worker", "pino", "pg-native", "@fastify/swagger-ui"];
const REQUIRE = 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);';

export interface ServiceBundles {
  /** Of `<service>.mjs`. */
  dir: string;
  remove(): Promise<void>;
}

/** Within the tree, where what stays outside a bundle is found. */
export async function bundleServices(): Promise<ServiceBundles> {
  const cache = join(root, "node_modules", ".cache");
  await mkdir(cache, { recursive: true });
  const dir = await mkdtemp(join(cache, "drawchat-test-services-"));
  await build({
    entryPoints: SERVICES.map((service) => ({ in: join(root, "services", service, "src", "main.ts"), out: service })),
    outdir: dir,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    splitting: true, // what is loaded only where it is asked for (S3) stays apart
    target: "node20",
    external: EXTERNAL,
    banner: { js: REQUIRE },
    plugins: [keepPlaces],
    logLevel: "error",
  });
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) };
}

/**
 * A module of ours finds its Lua scripts and workers by its own address, uWebSockets.js its native part: each keeps the one of
 * its source. uWebSockets.js stays within the bundle because the gateway says how much of a header it reads before it loads it.
 */
const keepPlaces: Plugin = {
  name: "keep-places",
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.ts$|uWebSockets\.js.*\.mjs$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      return { loader: "ts", contents: source.replaceAll("import.meta.url", JSON.stringify(pathToFileURL(path).href)) };
    }),
};
