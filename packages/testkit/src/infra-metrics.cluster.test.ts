/** Rules and dashboard ask for what the processes really expose: a name that nobody exposes would be an alert that never rings. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { LocalHaproxy } from "@drawchat/local/haproxy-process";
import { LOOP_LOOKS_MS } from "@drawchat/runtime/metrics";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { type Cluster, type ProcessName, startCluster } from "./cluster.ts";
import { startTestHaproxy } from "./haproxy.ts";

const read = (file: string) => readFileSync(fileURLToPath(new URL(`../../../infra/${file}`, import.meta.url)), "utf8");

/** By redis_exporter, which is not part of a test cluster: these are named as in its source. */
const REDIS_EXPORTER = ["redis_aof_delayed_fsync", "redis_memory_used_bytes", "redis_memory_max_bytes", "redis_up"];
/** By Prometheus itself, for each scrape. */
const PROMETHEUS = ["up"];

/** Their metrics are there where they are. */
const BOT_AND_WEBHOOK = {
  CONVERSATIONS_BOT_USER_ID: "70",
  CONVERSATIONS_BOT_RULES: fileURLToPath(new URL("../../../infra/bot/rules.json", import.meta.url)),
  CONVERSATIONS_WEBHOOK_URL: "http://127.0.0.1:9/",
  CONVERSATIONS_WEBHOOK_SECRET: "s".repeat(32),
};

let cluster: Cluster;
let haproxy: LocalHaproxy;
const exposed = new Set([...REDIS_EXPORTER, ...PROMETHEUS]);

beforeAll(async () => {
  cluster = await startCluster({ jobs: 1, env: BOT_AND_WEBHOOK });
  const backend = { port: 1, probePort: 1 };
  haproxy = await startTestHaproxy({ gateway: backend, api: backend, gateways: 1 });
  const processes: ProcessName[] = ["gateway-1", "api-1", "writer-1", "jobs-1"];
  for (const url of [...processes.map((name) => cluster.privateUrl(name)), haproxy.statusUrl]) {
    addExposed(await (await fetch(`${url}/metrics`)).text());
  }
});

afterAll(async () => {
  await haproxy?.stop();
  await cluster?.stop();
});

function addExposed(metrics: string): void {
  for (const [, name = "", type = ""] of metrics.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    const samples = type === "histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
    for (const sample of samples) exposed.add(sample);
  }
}

/** Values of `key` anywhere below, as texts. */
function valuesOf(key: string, value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => (name === key && typeof inner === "string" ? [inner] : valuesOf(key, inner)));
}

const rules = valuesOf("expr", parse(read("prometheus/alerts.yml")));
const panels = valuesOf("expr", JSON.parse(read("grafana/dashboards/drawchat.json")));

/** The metrics of an expression: names that are not labels, functions, words of the language or inside quotes. */
function metricsOf(expression: string): string[] {
  const bare = expression
    .replace(/"[^"]*"/g, "")
    .replace(/\{[^}]*\}/g, "")
    .replace(/\b(by|without|on|ignoring)\s*\([^)]*\)/g, "")
    .replace(/\[[^\]]*\]|\boffset\s+\w+/g, "");
  const words = [...bare.matchAll(/[a-zA-Z_:][\w:]*(?!\w*\s*\()/g)].map(([word]) => word);
  return words.filter((word) => !["or", "and", "unless", "bool", "by", "without"].includes(word));
}

test("there are rules and panels to look at", () => {
  expect(rules.length).toBeGreaterThan(20);
  expect(panels.length).toBeGreaterThan(40);
});

test.each([...new Set([...rules, ...panels])])("%s", (expression) => {
  const metrics = metricsOf(expression);
  expect(metrics.length).toBeGreaterThan(0);
  expect(metrics.filter((metric) => !exposed.has(metric))).toEqual([]);
});

test("the loop's delay is told without the time between two looks at it", () => {
  const asking = [...rules, ...panels].filter((expression) => expression.includes("nodejs_eventloop_lag"));
  expect(asking).toHaveLength(2);
  for (const expression of asking)
    expect(expression).toMatch(new RegExp(`nodejs_eventloop_lag_p99_seconds(\\{[^}]*\\})? - ${LOOP_LOOKS_MS / 1_000}( |$)`));
});

test("the alerts are all in the operators' page", () => {
  const page = readFileSync(fileURLToPath(new URL("../../../docs/operations.md", import.meta.url)), "utf8");
  const alerts = valuesOf("alert", parse(read("prometheus/alerts.yml")));
  expect(alerts.filter((alert) => !page.includes(`**${alert}**`))).toEqual([]);
});
