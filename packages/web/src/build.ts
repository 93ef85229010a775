/** Builds the pages and the widgets. What is named by its content may be cached for ever, the rest not. */
import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { type BuildOptions, build } from "esbuild";

const SOURCE = path.dirname(fileURLToPath(import.meta.url));

const COMMON = {
  entryNames: "[name]-[hash]",
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  logLevel: "error",
} satisfies BuildOptions;

const PAGES = ["index.html", "embed-example.html", "inbox/inbox.html", "support/support.html"];
const PAGE_PARTS = [
  "main.tsx",
  "page.css",
  "embed-example.ts",
  "embed-example.css",
  "inbox/inbox.tsx",
  "inbox/inbox.css",
  "support/support-example.ts",
  "support/support-example.css",
];

/**
 * Writes the pages (`index.html`, `inbox.html`, two examples), `widget.js`, `drawchat-support.js` and `assets/` to
 * `outDir`, each file also as `.br` and `.gz`.
 * Nothing is loaded from elsewhere and nothing is inline, so that all of it works under `default-src 'self'`.
 */
export async function buildWeb(outDir: string): Promise<void> {
  const assets = path.join(outDir, "assets");
  await mkdir(assets, { recursive: true });
  const names = [
    ...(await bundle(assets, PAGE_PARTS, {})),
    ...(await bundle(assets, ["widget.tsx"], { define: { CHAT_CSS: JSON.stringify(await styleOf("chat.css")) } })),
    ...(await bundle(assets, ["support/drawchat-support.tsx"], {
      define: { SUPPORT_CSS: JSON.stringify(await styleOf("support/support.css")) },
    })),
  ];
  await copyFile(path.join(SOURCE, "icon.svg"), path.join(assets, "icon.svg"));
  await copyFile(path.join(assets, nameOf(names, "widget-", ".js")), path.join(outDir, "widget.js"));
  await copyFile(path.join(assets, nameOf(names, "drawchat-support-", ".js")), path.join(outDir, "drawchat-support.js"));
  for (const page of PAGES) {
    const html = await readFile(path.join(SOURCE, page), "utf8");
    await writeFile(path.join(outDir, path.basename(page)), withHashes(html, names));
  }
  await compress(outDir);
}

/** Here and once, so that a server has nothing to compute for an answer. */
async function compress(outDir: string): Promise<void> {
  for (const entry of await readdir(outDir, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (!entry.isFile() || /\.(br|gz)$/.test(file)) continue;
    const bytes = await readFile(file);
    await writeFile(`${file}.br`, brotliCompressSync(bytes));
    await writeFile(`${file}.gz`, gzipSync(bytes, { level: 9 }));
  }
}

/** The names of what was written. */
async function bundle(outdir: string, entries: readonly string[], options: BuildOptions): Promise<string[]> {
  const entryPoints = entries.map((entry) => path.join(SOURCE, entry));
  const { metafile } = await build({ ...COMMON, ...options, entryPoints, outdir, metafile: true });
  return Object.keys(metafile.outputs).map((file) => path.basename(file));
}

async function styleOf(sheet: string): Promise<string> {
  const entryPoints = [path.join(SOURCE, sheet)];
  const { outputFiles } = await build({ entryPoints, bundle: true, minify: true, write: false, logLevel: "error" });
  return outputFiles[0]?.text ?? "";
}

/** `/assets/main.js` in a page becomes `/assets/main-5XK3QZ7A.js`. */
function withHashes(html: string, names: readonly string[]): string {
  return html.replace(/\/assets\/([\w-]+)(\.(?:js|css))/g, (_whole, name: string, suffix: string) => {
    return `/assets/${nameOf(names, `${name}-`, suffix)}`;
  });
}

function nameOf(names: readonly string[], prefix: string, suffix: string): string {
  const name = names.find((candidate) => candidate.startsWith(prefix) && candidate.endsWith(suffix));
  if (name === undefined) throw new Error(`there is no ${prefix}*${suffix} among what was built`);
  return name;
}
