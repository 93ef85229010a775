/** Files: all of them parse, and what they name exists. */
import { existsSync, globSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parse, parseAllDocuments } from "yaml";
import type { Finding } from "./check.ts";
import { at, entries, list, text } from "./parsed.ts";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));
export const read = (file: string): string => readFileSync(path.join(ROOT, file), "utf8");

/** A finding that failed where there are problems. */
export function judged(what: string, problems: readonly string[]): Finding {
  return problems.length === 0 ? { what, result: "ok" } : { what, result: "failed", reasons: problems };
}

export function checkFiles(): Finding[] {
  return [
    judged("every YAML and JSON file parses", unparsable()),
    judged("docker-compose.yml: what it mounts and runs exists, stops are given time", composeProblems()),
    judged("Dockerfile: what it names exists", dockerfileProblems()),
  ];
}

function unparsable(): string[] {
  const files = globSync(["infra/**/*.{yml,yaml,json}", "docker-compose.yml"], { cwd: ROOT });
  if (files.length < 10) return [`only ${files.length} files were found`];
  return files.flatMap((file) => problemsOf(file).map((problem) => `${file}: ${problem}`));
}

function problemsOf(file: string): string[] {
  if (file.endsWith(".json")) {
    try {
      JSON.parse(read(file));
      return [];
    } catch (error) {
      return [String(error)];
    }
  }
  const documents = parseAllDocuments(read(file), { merge: true, uniqueKeys: true });
  if (!Array.isArray(documents)) return ["it is empty"];
  return documents.flatMap(({ errors, warnings }) => [...errors, ...warnings].map(({ message }) => message));
}

function composeProblems(): string[] {
  const services = entries(at(parse(read("docker-compose.yml"), { merge: true }), "services"));
  return services.flatMap(([name, service]) => {
    const missing = [...mountedFiles(service), ...entryPoints(at(service, "command"))].filter((file) => !existsSync(path.join(ROOT, file)));
    return [...missing.map((file) => `${name}: ${file} does not exist`), ...stopProblems(name, service)];
  });
}

function mountedFiles(service: unknown): string[] {
  return list(at(service, "volumes")).flatMap((volume) => /^\.\/([^:]+):/.exec(text(volume))?.[1] ?? []);
}

/** The sources that a command runs. */
export function entryPoints(command: unknown): string[] {
  return list(command)
    .map(text)
    .filter((word) => word.endsWith(".ts"));
}

function stopProblems(name: string, service: unknown): string[] {
  if (name === "migrate" || entryPoints(at(service, "command")).length === 0) return [];
  const graceSeconds = Number.parseInt(text(at(service, "stop_grace_period")), 10);
  const neededSeconds = stopSeconds(name, text(at(service, "environment", "GATEWAY_STOP_TIMEOUT_MS")));
  return graceSeconds > neededSeconds
    ? []
    : [`${name}: stop_grace_period must be above ${neededSeconds} s, in which the process stops by itself`];
}

/** How long a service takes to stop at most: the gateway's is a setting, the others' are in their sources. */
export function stopSeconds(service: string, gatewayTimeoutMs: string): number {
  if (service === "gateway") return Number(gatewayTimeoutMs) / 1_000;
  const found = /(?:STOP_TIMEOUT_MS = |stopTimeoutMs: )([\d_]+)/.exec(read(`services/${service}/src/main.ts`))?.[1];
  return Number(found?.replaceAll("_", "")) / 1_000;
}

function dockerfileProblems(): string[] {
  const dockerfile = read("infra/Dockerfile");
  const named = [...dockerfile.matchAll(/[\w./-]+\.ts\b/g)].map(([file]) => file);
  const needed = [...named, "package.json", "package-lock.json", ".npmrc", "loadtest/package.json"];
  const stages = new Set([...dockerfile.matchAll(/ AS (\w+)$/gm)].map((match) => match[1]));
  const from = [...dockerfile.matchAll(/--from=(\w+)/g)].map((match) => match[1]);
  return [
    ...(named.length === 0 ? ["it names no source"] : []),
    ...needed.filter((file) => !existsSync(path.join(ROOT, file))).map((file) => `${file} does not exist`),
    ...needed.filter(isIgnored).map((file) => `${file} is kept out by .dockerignore`),
    ...["node_modules", ".env", ".env.local", ".git", ".data", "loadtest/src/cli.ts"]
      .filter((file) => !isIgnored(file))
      .map((file) => `${file} would be in the image`),
    ...from.filter((stage) => !stages.has(stage)).map((stage) => `there is no stage ${stage}`),
  ];
}

/** As docker reads it: the last pattern that fits the file, or a folder that it is in, decides. */
function isIgnored(file: string): boolean {
  const parts = file.split("/");
  const places = parts.map((_, i) => parts.slice(0, i + 1).join("/"));
  const patterns = read(".dockerignore")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  const fits = (pattern: string) => places.some((place) => path.matchesGlob(place, pattern.replace(/^!/, "")));
  return patterns.findLast(fits)?.startsWith("!") === false;
}
