import { expect, test } from "vitest";
import type { BenchReport } from "./bench-report.ts";
import { costsOf } from "./costs.ts";
import type { Turn } from "./turn.ts";

const TURN: Turn = {
  contestant: "v2",
  sockets: 2_000,
  messagesPerSecond: 400,
  deliveriesPerSecond: 800_000,
  cpuMicrosPerDelivery: 0.4,
  cpuShare: 0.32,
  p50Ms: 50,
  p99Ms: 100,
  framesPerSecondAndSocket: 12,
  bytesPerFrame: 8_000,
  redisCpuMicrosPerMessage: 20,
  clientCoreShare: 0.5,
  missing: 0,
  void: undefined,
};

test("a gateway beyond its limit is told by what it delivered, not by what was published: no core does more than a core's work", () => {
  const beyond = { ...TURN, messagesPerSecond: 8_000, deliveriesPerSecond: 9_000_000, cpuMicrosPerDelivery: 0.1, cpuShare: 0.9 };
  const limit = { contestant: "v2", messagesPerSecond: 2_250, deliveriesPerSecond: 4.5e6, cpuShare: 0.9, p99Ms: 150, endedBy: "" };
  const report: BenchReport = {
    format: 1,
    startedAt: "2026-05-01T20:00:00.000Z",
    seconds: 1,
    options: {},
    machine: { cpus: 2, model: "", kernel: "", node: "", redis: "" },
    isPinned: true,
    versions: {},
    changedSettings: [],
    eventBytes: 240,
    fanOut: { limits: [limit], rounds: [[TURN, beyond]] },
    idle: [[{ contestant: "v2", sockets: 10_000, bytesPerSocket: 1_000, connectCpuMicros: 200 }]],
    sizes: [],
    goals: [],
  };
  const { gateway, redis } = costsOf(report) ?? {};
  expect(gateway?.points.map(({ messagesPerSecond }) => messagesPerSecond)).toEqual([400, 4_500]);
  for (const { sockets, messagesPerSecond, cpuMicrosPerDelivery } of gateway?.points ?? [])
    expect(cpuMicrosPerDelivery * sockets * messagesPerSecond).toBeLessThan(1_000_000);
  expect(redis?.points.map(({ messagesPerSecond }) => messagesPerSecond)).toEqual([400, 8_000]);
});
