/** What compose and Kubernetes set is what the processes take: each is started with it, up to the store that is not there. */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, inject, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";

type Settings = Record<string, string>;

const BAD_CONFIGURATION = 78;
const SERVICES = ["gateway", "api", "writer", "jobs"] as const;
const root = fileURLToPath(new URL("../../..", import.meta.url));
const read = (file: string) => readFileSync(`${root}/${file}`, "utf8");

/** Nobody listens there: a process that likes its settings ends with another status than 78. */
const AWAY = { REDIS_URL: "redis://127.0.0.1:1", DATABASE_URL: "postgres://u:p@127.0.0.1:1/d" };
const ports = { PRIVATE_PORT: "0", PORT: "0", PRIVATE_HOST: "127.0.0.1", HOST: "127.0.0.1" };

function below(value: unknown, ...keys: string[]): unknown {
  return keys.reduce<unknown>((here, key) => Object.entries(Object(here)).find(([name]) => name === key)?.[1], value);
}

function asSettings(value: unknown): Settings {
  return Object.fromEntries(Object.entries(Object(value)).map(([name, text]) => [name, String(text)]));
}

/** `${NAME:-default}` and `${NAME:?hint}` as compose reads them. */
function substituted(text: string, given: Settings): string {
  return text.replace(/\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}/g, (_, name: string, fallback?: string) => given[name] ?? fallback ?? "");
}

const secret = () => randomBytes(32).toString("base64");

/** `more`: what the operator's `.env` says beside the passwords. */
function composeSettings(service: string, more: Settings = { JWT_SECRET: secret() }): Settings {
  const given = { POSTGRES_PASSWORD: "ab12", REDIS_PASSWORD: "cd34", ...more };
  const compose: unknown = parse(read("docker-compose.yml"), { merge: true });
  const settings = asSettings(below(compose, "services", service, "environment"));
  return Object.fromEntries(Object.entries(settings).map(([name, text]) => [name, substituted(text, given)]));
}

function manifest(file: string, kind: string): unknown {
  const documents = parseAllDocuments(read(`infra/kubernetes/${file}`));
  return (Array.isArray(documents) ? documents : []).map((document) => document.toJS()).find((body) => below(body, "kind") === kind);
}

function kubernetesSettings(service: string): Settings {
  const secrets = asSettings(below(manifest("secret.example.yaml", "Secret"), "stringData"));
  const deployment = manifest(`${service}.yaml`, "Deployment");
  const variables = below(deployment, "spec", "template", "spec", "containers", "0", "env");
  const own = Object.values(Object(variables)).map((variable) => {
    const key = below(variable, "valueFrom", "secretKeyRef", "key");
    return [
      String(below(variable, "name")),
      key === undefined ? String(below(variable, "value") ?? "pod-1") : (secrets[String(key)] ?? ""),
    ];
  });
  return { ...asSettings(below(manifest("config.yaml", "ConfigMap"), "data")), ...Object.fromEntries(own) };
}

async function start(service: string, env: Settings): Promise<{ status: number; said: string }> {
  return await new Promise((resolve) => {
    const options = { cwd: root, env: { ...env, ...ports }, timeout: 20_000 };
    execFile(process.execPath, [join(inject("serviceBundles"), `${service}.mjs`)], options, (error, stdout, stderr) => {
      resolve({ status: typeof error?.code === "number" ? error.code : 0, said: stdout + stderr });
    });
  });
}

test.each(SERVICES)("%s takes the settings of docker-compose.yml", { timeout: 30_000 }, async (service) => {
  const settings = composeSettings(service);
  expect(settings.NODE_ENV).toBe("production");
  const { status, said } = await start(service, { ...settings, ...AWAY });
  expect({ status, said }).toEqual({ status: 1, said: expect.stringContaining("failed to start") });
});

/** The settings that a process reads, by its sources; those of HOST, PORT and the like are compose's own. */
function settingsRead(service: string): string[] {
  const sources = [`services/${service}/src/config.ts`, "packages/auth/src/config.ts", "packages/runtime/src/settings.ts"];
  const readers = [
    ...sources,
    "packages/redis/src/redis-url.ts",
    "packages/schedule/src/draw-config.ts",
    "packages/files/src/settings.ts",
  ].filter((file) => {
    const imported = file.startsWith("services/") ? "" : `@drawchat/${file.replace(/packages\/(\w+)\/src\/(.+)\.ts/, "$1/$2")}`;
    return read(`services/${service}/src/config.ts`).includes(imported);
  });
  return readers.flatMap((file) =>
    [...read(file).matchAll(/env\s*\.\w+(?:<\w+>)?\(\s*"([A-Z][A-Z0-9_]+)",?/g)].map((match) => match[1] ?? ""),
  );
}

/** Made by the process itself, of the image, or senseless in a container of its own. */
const NOT_PASSED = ["GATEWAY_ID", "GATEWAY_SHARED_PORT", "WEB_DIR", "DATA_DIR"];

test.each(SERVICES)("docker-compose.yml passes every setting that %s reads", (service) => {
  const names = settingsRead(service).filter((name) => !NOT_PASSED.includes(name));
  expect(names).toContain("REDIS_URL");
  const passed = Object.keys(composeSettings(service));
  expect(names.filter((name) => !passed.includes(name) && !/^(LIVE_CHAT_|DRAW_TIME)$/.test(name))).toEqual([]);
});

test.each([
  ["gateway", { GATEWAY_TICK_MS: "0" }],
  ["api", { REST_WRITES_PER_MINUTE: "-1" }],
  ["writer", { WRITER_BATCH_MAX_ROWS: "0" }],
  ["jobs", { JOBS_CONCURRENCY: "0" }],
])("what .env says reaches %s: %j is refused", { timeout: 30_000 }, async (service, given) => {
  const { status, said } = await start(service, { ...composeSettings(service, { JWT_SECRET: secret(), ...given }), ...AWAY });
  expect({ status, said }).toEqual({ status: BAD_CONFIGURATION, said: expect.stringContaining(`${Object.keys(given)[0]} must be`) });
});

const JWKS = { JWT_JWKS_URL: "https://id.example.com/keys" };

test.each([
  ["takes an identity provider's keys instead of the secret", JWKS, 1, "failed to start"],
  ["refuses both", { ...JWKS, JWT_SECRET: secret() }, BAD_CONFIGURATION, "both set: keep one"],
  ["refuses neither", {}, BAD_CONFIGURATION, "JWT_SECRET is missing"],
])("with compose the gateway %s", { timeout: 30_000 }, async (_what, given, expected, says) => {
  const { status, said } = await start("gateway", { ...composeSettings("gateway", given), ...AWAY });
  expect({ status, said }).toEqual({ status: expected, said: expect.stringContaining(says) });
});

test.each(SERVICES)("%s takes the settings of the Kubernetes manifests", { timeout: 30_000 }, async (service) => {
  const settings = kubernetesSettings(service);
  expect(settings.NODE_ENV).toBe("production");
  const ownSecret = "JWT_SECRET" in settings ? { JWT_SECRET: secret() } : {};
  const { status, said } = await start(service, { ...settings, ...AWAY, ...ownSecret });
  expect({ status, said }).toEqual({ status: 1, said: expect.stringContaining("failed to start") });
});

test.each(["gateway", "api"])("%s refuses the secret of the example", { timeout: 30_000 }, async (service) => {
  const { status, said } = await start(service, { ...kubernetesSettings(service), ...AWAY });
  expect({ status, said }).toEqual({ status: BAD_CONFIGURATION, said: expect.stringContaining("JWT_SECRET is a known example") });
});

test("npm run check:infra finds nothing wrong", { timeout: 60_000 }, async () => {
  const said = await new Promise<string>((resolve) => {
    execFile(process.execPath, ["infra/check.ts"], { cwd: root }, (_error, stdout, stderr) => resolve(stdout + stderr));
  });
  expect(said).toContain("ok           Kubernetes: names and selectors meet");
  expect(said.split("\n").filter((line) => line.startsWith("failed"))).toEqual([]);
});
