/** Who may import whom. A wrong direction or a dependency that is not declared fails here by name. */
import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Workspace → workspaces of ours that it may import. Services are absent on the right: nobody imports them. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  "packages/protocol": [],
  "packages/runtime": [],
  "packages/auth": ["protocol", "runtime"],
  "packages/redis": ["protocol", "runtime"],
  "packages/db": ["protocol", "runtime"],
  "packages/files": ["protocol", "runtime"],
  "packages/schedule": ["protocol", "runtime"],
  "packages/client": ["protocol"],
  "packages/web": ["protocol", "client"],
  "packages/local": ["runtime"],
  "packages/testkit": ["protocol", "runtime", "auth", "redis", "db", "files", "schedule", "client", "web", "local"],
  "services/gateway": ["protocol", "runtime", "auth", "redis"],
  "services/api": ["protocol", "runtime", "auth", "redis", "db", "files", "schedule"],
  "services/writer": ["protocol", "runtime", "redis", "db"],
  "services/jobs": ["protocol", "runtime", "redis", "db", "files", "schedule"],
  "services/edge": ["runtime"],
  "services/supervisor": ["protocol", "runtime", "auth", "redis", "db", "schedule", "local", "web"],
  loadtest: ["protocol", "runtime", "auth", "redis", "db", "local"],
};

interface Import {
  file: string; // from the root
  specifier: string;
  isTypeOnly: boolean;
  isTest: boolean;
}

const isRelative = ({ specifier }: Import) => specifier.startsWith(".");

const IMPORT = /(?:^|\n)\s*(?:import|export)\s+(type\s)?(?:[^"'`;]*?\sfrom\s*)?["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']/g;

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), "utf8").replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
  return [...text.matchAll(IMPORT)].map((match) => ({
    file,
    specifier: match[2] ?? match[3] ?? "",
    isTypeOnly: match[1] !== undefined,
    isTest: isTestFile(file),
  }));
}

/** Benchmarks, and what lies in a folder for tests, may use what tests may. */
const isTestFile = (file: string) => /\.test\.tsx?$|\/(bench|test)\//.test(file);

/** A helper that only tests import counts as a test. */
function markTestHelpers(imports: readonly Import[]): Import[] {
  const targets = (found: readonly Import[]) =>
    new Set(found.filter(isRelative).map(({ file, specifier }) => join(dirname(file), specifier)));
  const byTests = targets(imports.filter(({ isTest }) => isTest));
  const byOthers = targets(imports.filter(({ isTest }) => !isTest));
  return imports.map((found) => (byTests.has(found.file) && !byOthers.has(found.file) ? { ...found, isTest: true } : found));
}

const workspaces = globSync("{packages,services,loadtest}{/*,}/package.json", { cwd: root })
  .map((path) => dirname(path))
  .filter((dir) => !dir.includes("node_modules"))
  .toSorted((a, b) => a.localeCompare(b));
const importsByWorkspace = new Map(
  workspaces.map((dir) => {
    const files = globSync(`${dir}/**/*.{ts,tsx}`, { cwd: root, exclude: (path) => path.includes("node_modules") });
    return [dir, markTestHelpers(files.flatMap(importsOf))];
  }),
);

function packageName(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

function namesIn(manifest: string, fields: readonly string[]): Set<string> {
  const parsed: unknown = JSON.parse(readFileSync(join(root, manifest), "utf8"));
  const record = new Map(Object.entries(typeof parsed === "object" && parsed !== null ? parsed : {}));
  return new Set(fields.flatMap((field) => Object.keys(Object(record.get(field) ?? {}))));
}

const isBuiltin = ({ specifier }: Import) => specifier.startsWith("node:");
const isOurs = ({ specifier }: Import) => specifier.startsWith("@drawchat/");

/** `file → specifier`, for the message of a failure. */
const told = (found: readonly Import[]) => found.map(({ file, specifier }) => `${file} → ${specifier}`);

test("every workspace has its place in the table of directions", () => {
  expect(workspaces.filter((dir) => !(dir in ALLOWED))).toEqual([]);
});

test("imports were found at all", () => {
  expect([...importsByWorkspace.values()].flat().length).toBeGreaterThan(50);
});

test.each(Object.keys(ALLOWED))("%s imports only what its direction allows", (dir) => {
  const allowed = (ALLOWED[dir] ?? []).map((name) => `@drawchat/${name}`);
  const wrong = (importsByWorkspace.get(dir) ?? []).filter((found) => {
    const name = packageName(found.specifier);
    if (!isOurs(found) || name === `@drawchat/${dir.split("/").at(-1)}`) return false;
    return !allowed.includes(name) && !(found.isTest && ["@drawchat/testkit", "@drawchat/local", "@drawchat/auth"].includes(name));
  });
  expect(told(wrong)).toEqual([]);
});

test.each(workspaces)("%s declares what it imports", (dir) => {
  const declared = namesIn(`${dir}/package.json`, ["dependencies", "optionalDependencies", "devDependencies"]);
  const forTests = namesIn("package.json", ["devDependencies"]);
  const wrong = (importsByWorkspace.get(dir) ?? []).filter((found) => {
    if (isRelative(found) || isBuiltin(found)) return false;
    const name = packageName(found.specifier);
    if (declared.has(name)) return false;
    return !(found.isTest || dir === "packages/testkit") || !(forTests.has(name) || isOurs(found));
  });
  expect(told(wrong)).toEqual([]);
});

test.each(workspaces)("%s imports other workspaces by name, not by path", (dir) => {
  const wrong = (importsByWorkspace.get(dir) ?? []).filter(
    (found) => isRelative(found) && relative(join(root, dir), resolve(root, dirname(found.file), found.specifier)).startsWith(".."),
  );
  expect(told(wrong)).toEqual([]);
});

test.each(workspaces)("imports of %s end in .ts, and built-in modules are named node:", (dir) => {
  const wrong = (importsByWorkspace.get(dir) ?? []).filter(
    (found) => (isRelative(found) && !/\.(ts|tsx|css|lua)$/.test(found.specifier)) || (isOurs(found) && /\.tsx?$/.test(found.specifier)),
  );
  expect(told(wrong)).toEqual([]);
});

test.each(["packages/protocol", "packages/client"])("%s runs in a browser: nothing of Node in it", (dir) => {
  const wrong = (importsByWorkspace.get(dir) ?? []).filter((found) => !found.isTest && isBuiltin(found));
  expect(told(wrong)).toEqual([]);
});

test("the client takes from the protocol only types and what needs no schemas", () => {
  const light = ["@drawchat/protocol/errors", "@drawchat/protocol/ids"];
  const wrong = (importsByWorkspace.get("packages/client") ?? []).filter(
    (found) => !found.isTest && isOurs(found) && !found.isTypeOnly && !light.includes(found.specifier),
  );
  expect(told(wrong)).toEqual([]);
});

test("protocol takes nothing but typebox", () => {
  const wrong = (importsByWorkspace.get("packages/protocol") ?? []).filter(
    (found) => !found.isTest && !isRelative(found) && packageName(found.specifier) !== "typebox",
  );
  expect(told(wrong)).toEqual([]);
});
