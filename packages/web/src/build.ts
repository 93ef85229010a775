/** Builds the page: one script and one style sheet, named by their content, and the index that names them. */
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const SOURCE = path.dirname(fileURLToPath(import.meta.url));

/**
 * Writes `index.html` and `assets/` to `outDir`. Nothing is loaded from elsewhere and nothing is inline, so that the
 * page works under `default-src 'self'`. Assets carry a hash in their name and may be cached for ever, the index not.
 */
export async function buildWeb(outDir: string): Promise<void> {
  const assets = path.join(outDir, "assets");
  await mkdir(assets, { recursive: true });
  const { metafile } = await build({
    entryPoints: [path.join(SOURCE, "main.tsx"), path.join(SOURCE, "page.css")],
    outdir: assets,
    entryNames: "[name]-[hash]",
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    jsxImportSource: "preact",
    metafile: true,
    logLevel: "error",
  });
  const names = Object.keys(metafile.outputs).map((file) => path.basename(file));
  await copyFile(path.join(SOURCE, "icon.svg"), path.join(assets, "icon.svg"));
  await writeFile(path.join(outDir, "index.html"), indexHtml(nameOf(names, ".js"), nameOf(names, ".css")));
}

function nameOf(names: string[], suffix: string): string {
  const name = names.find((candidate) => candidate.endsWith(suffix));
  if (name === undefined) throw new Error(`the bundle has no ${suffix} file`);
  return name;
}

function indexHtml(script: string, style: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover, interactive-widget=resizes-content">
    <meta name="color-scheme" content="light dark">
    <meta name="description" content="The live chat of the draw.">
    <title>Draw night chat</title>
    <link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="/assets/${style}">
    <script type="module" src="/assets/${script}"></script>
  </head>
  <body>
    <div id="page"></div>
    <noscript>The chat needs JavaScript.</noscript>
  </body>
</html>
`;
}
