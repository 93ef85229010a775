import { createServer } from "node:http";
import { commandClient } from "@drawchat/redis/connect";
import { createLog } from "@drawchat/runtime/log";
import { Metrics } from "@drawchat/runtime/metrics";
import { testRedis } from "@drawchat/testkit/redis";
import { expect, onTestFinished, test } from "vitest";
import { startCollector } from "./collector.ts";
import { parseReport } from "./report-file.ts";
import { sampleReport } from "./sample-report.ts";

const redis = await testRedis();
const EVERY_MS = 50;

/** The metrics of a gateway and a writer, served as they serve them. Resolves with what moves them and the URL. */
async function serveMetrics() {
  const metrics = new Metrics("gateway");
  const sockets = metrics.gauge("gateway_sockets", "Open sockets");
  const delivered = metrics.counter("gateway_delivered_total", "Counted");
  const repairs = metrics.counter("gateway_repairs_total", "Counted");
  const log = metrics.gauge("writer_log_entries", "Entries", ["partition"]);
  const age = metrics.gauge("writer_log_age_seconds", "Age", ["partition"]);
  let scrapes = 0;
  const server = createServer((_, response) => {
    scrapes += 1;
    void metrics.registry.metrics().then((text) => response.end(text));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  return { sockets, delivered, repairs, log, age, url: `http://127.0.0.1:${port}/metrics`, scrapes: () => scrapes };
}

test("curves, costs and figures of processes and Redis are collected beside a run", async () => {
  const served = await serveMetrics();
  served.delivered.inc(1_000); // before the run: not its own
  for (const partition of ["7", "8"]) served.log.set({ partition }, 0);
  const processes = [{ name: "gateway-1", pid: process.pid, metricsUrl: served.url }];
  const collector = await startCollector({ processes, redisUrl: redis.url, everyMs: EVERY_MS });
  served.sockets.set(250);
  served.delivered.inc(5_000);
  served.log.set({ partition: "7" }, 12);
  served.age.set({ partition: "7" }, 1.5);
  const client = commandClient(redis.url, "test", createLog("test", "error"));
  await client.connect();
  await client.ping();
  client.disconnect();
  const before = served.scrapes();
  await expect.poll(served.scrapes, { interval: 10 }).toBeGreaterThan(before + 2);
  collector.note("latency", "delivered p99", "ms", 42);
  const collected = await collector.stop();

  const curve = (group: string, name: string) => collected.series.find((one) => one.group === group && one.name === name)?.points ?? [];
  expect(curve("latency", "delivered p99").map(([, value]) => value)).toEqual([42]);
  expect(curve("connections", "gateway-1").at(-1)?.[1]).toBe(250);
  expect(curve("log_length", "partition 7").at(-1)?.[1]).toBe(12);
  expect(curve("log_length", "partition 8")).toEqual([]);
  expect(curve("writer_lag", "gateway-1, oldest entry").at(-1)?.[1]).toBe(1.5);
  expect(curve("rate", "gateway-1 delivered").some(([, value]) => value > 0)).toBe(true);
  expect(curve("memory", "gateway-1").every(([, value]) => value > 1e7)).toBe(true);
  expect(curve("memory", "Redis data").length).toBeGreaterThan(1);
  expect(curve("cpu", "gateway-1").length).toBeGreaterThan(1);

  const figure = (name: string) => collected.figures.find((one) => one.name === name)?.value;
  expect(figure("gateway-1.delivered")).toBe(5_000);
  expect(figure("gateway-1.repairs")).toBeUndefined();
  expect(figure("redis.ping.calls")).toBeGreaterThanOrEqual(1);
  expect(collected.processes[0]?.cpuSeconds).toBeLessThan(30); // the run's share, not the process's life
  expect(collected.notes).toEqual([]);
  expect(await collector.stop()).toBe(collected);
  expect(parseReport(JSON.stringify(sampleReport(collected)), "collected").series).toEqual(collected.series);
});

test("what cannot be read is a note and no error", async () => {
  const gone = { name: "gateway-2", pid: 2 ** 22 + 1, metricsUrl: "http://127.0.0.1:1/metrics" };
  const collector = await startCollector({ processes: [gone], redisUrl: "redis://127.0.0.1:1", everyMs: EVERY_MS });
  const { series, processes, notes } = await collector.stop();
  expect(processes).toEqual([]);
  expect(series.every(({ name }) => !name.includes("gateway-2"))).toBe(true);
  expect(notes.join("\n")).toMatch(
    /Redis did not answer INFO[\s\S]*gateway-2 did not answer for its metrics 2 times[\s\S]*could not be read/,
  );
});
