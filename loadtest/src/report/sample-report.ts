/** A report as a run of two gateways makes it, for tests and for looking at the page: every part of it is there. */
import type { Certificate, HopCount } from "../ledger/certificate.ts";
import type { RunReport, Series } from "./run-report.ts";

const SECONDS = 120;
const OWED = 216_000;

export function sampleReport(changes: Partial<RunReport> = {}): RunReport {
  return {
    format: 1,
    scenario: "storm",
    startedAt: "2026-05-01T20:00:00.000Z",
    seconds: SECONDS,
    seed: 7,
    options: { sockets: 8_000, rate: 50, "message-bytes": 180, v1: 0.25, pinned: false },
    target: { kind: "own", url: "http://127.0.0.1:8000", gateways: 2, balancer: "HAProxy 2.6" },
    machine: {
      cpus: 2,
      model: "a virtual machine's processor",
      memoryBytes: 8 * 2 ** 30,
      kernel: "6.1.0",
      node: "22.23.2",
      redis: "7.0.15",
      postgres: "18.4",
    },
    changedSettings: [
      { name: "LIVE_CHAT_MAX_MESSAGES_PER_USER_PER_MINUTE", value: "0", why: "few senders stand for many" },
      { name: "HANDSHAKES_PER_ADDRESS_PER_SECOND", value: "2000", why: "all sockets come from one address" },
    ],
    generator: { processes: 2, maxCpuShare: 0.61, loopDelayP99Ms: 6.2, sentLate: 0 },
    figures: [
      { name: "deliveries", value: 48_000_000, unit: "" },
      { name: "peakConnections", value: 8_000, unit: "sockets" },
      { name: "reconnectedWithinMs", value: 18_420, unit: "ms" },
      { name: "redis.evalsha.calls", value: 5_210, unit: "" },
      { name: "redis.evalsha.perCall", value: 61.4, unit: "µs" },
    ],
    latencies: [
      { name: "delivered v2", count: 36_000_000, p50: 24.1, p90: 41.7, p99: 88.3, p999: 141, max: 402 },
      { name: "delivered v1", count: 12_000_000, p50: 26.9, p90: 48.2, p99: 97.1, p999: 166, max: 431 },
      { name: "ack", count: 6_000, p50: 1.4, p90: 4.1, p99: 17.2, p999: 44, max: 61 },
    ],
    steps: [
      { name: "ramp", figures: { seconds: 30, connections: 8_000, handshakesPerSecond: 267, p99Ms: 61 } },
      { name: "hold", figures: { seconds: 60, connections: 8_000, handshakesPerSecond: 0, p99Ms: 74 } },
      { name: "drop", figures: { seconds: 30, connections: 8_000, handshakesPerSecond: 421, p99Ms: 131 } },
    ],
    processes: [
      { name: "gateway-1", cpuSeconds: 41.2, rssBytes: 141_000_000 },
      { name: "gateway-2", cpuSeconds: 39.8, rssBytes: 139_000_000 },
      { name: "writer", cpuSeconds: 4.1, rssBytes: 98_000_000 },
      { name: "redis", cpuSeconds: 3.2, rssBytes: 22_000_000 },
    ],
    series: sampleSeries(),
    certificate: sampleCertificate(),
    notes: ["The machine was used by others as well: 0.2 cores."],
    ...changes,
  };
}

export function sampleHop(hop: HopCount["hop"], where = "", changes: Partial<HopCount> = {}): HopCount {
  return { hop, where, isObserved: true, owed: OWED, once: OWED, skipped: {}, lost: 0, doubled: 0, disordered: 0, ...changes };
}

function sampleCertificate(): Certificate {
  const hops = [
    sampleHop("sent", "", { skipped: { rate_limited: 12 }, once: OWED - 12 }),
    ...(["accepted", "logged"] as const).map((hop) => sampleHop(hop)),
    ...["gateway-1", "gateway-2"].flatMap((gateway) => [
      sampleHop("relayed", gateway),
      sampleHop("handed", gateway),
      sampleHop("received", `${gateway} v1`),
      sampleHop("received", `${gateway} v2`),
    ]),
    sampleHop("stored", "", { isObserved: false }),
  ];
  return { isClean: true, rooms: ["s1", "s2"].map((room) => ({ room, hops })), findings: [], moreFindings: 0 };
}

/** A certificate of a run in which one gateway did not hand on all. */
export function dirtyCertificate(): Certificate {
  const [room = { room: "s1", hops: [] }] = sampleCertificate().rooms;
  const hops = room.hops.map((hop) =>
    hop.hop === "handed" && hop.where === "gateway-2" ? { ...hop, once: hop.once - 3, lost: 2, doubled: 1 } : hop,
  );
  const finding = { room: "s1", hop: "handed", where: "gateway-2", clientId: "6f1c1d0e-0000-4000-8000-00000000002a" } as const;
  return {
    isClean: false,
    rooms: [{ room: "s1", hops }],
    findings: [
      { ...finding, kind: "lost", id: 2_871_234_567_121 },
      { ...finding, kind: "doubled", id: 2_871_234_570_449 },
    ],
    moreFindings: 1,
  };
}

function sampleSeries(): Series[] {
  const curve = (group: Series["group"], name: string, unit: string, of: (second: number) => number): Series => ({
    group,
    name,
    unit,
    points: Array.from({ length: SECONDS + 1 }, (_, second) => [second, Math.max(0, of(second))]),
  });
  const wave = (second: number, n = 1) => Math.sin(second / (3 + n)) + Math.sin(second / (1.7 * n));
  const sockets = (second: number) => Math.min(1, second / 30) * (second > 90 ? Math.min(1, 0.5 + (second - 90) / 36) : 1);
  return [
    curve("latency", "delivered v2 p50", "ms", (s) => 22 + 2 * wave(s)),
    curve("latency", "delivered v2 p99", "ms", (s) => 70 + 14 * wave(s, 2) + (s > 90 ? 50 * Math.exp((90 - s) / 6) : 0)),
    curve("rate", "received", "deliveries/s", (s) => 400_000 * sockets(s) + 9_000 * wave(s)),
    curve("rate", "loopback", "bytes/s", (s) => 31_000_000 * sockets(s) + 400_000 * wave(s)),
    curve("connections", "gateway-1", "sockets", (s) => Math.round(4_000 * Math.min(1, s / 30) * (s > 90 ? 1.4 - (s - 90) / 75 : 1))),
    curve("connections", "gateway-2", "sockets", (s) => Math.round(4_000 * Math.min(1, s / 30) * (s > 90 ? (s - 90) / 30 : 1))),
    curve("cpu", "gateway-1", "cores", (s) => 0.36 * sockets(s) + 0.02 * wave(s)),
    curve("cpu", "gateway-2", "cores", (s) => 0.34 * sockets(s) + 0.02 * wave(s, 2)),
    curve("cpu", "writer", "cores", (s) => 0.03 + 0.005 * wave(s)),
    curve("loop_delay", "gateway-1 p99", "ms", (s) => 4 + 2 * wave(s, 3) + (s > 90 && s < 96 ? 60 : 0)),
    curve("memory", "gateway-1", "bytes", (s) => 92e6 + 49e6 * sockets(s)),
    curve("log_length", "writer, all partitions", "entries", (s) => Math.round(3 + 2 * wave(s, 2))),
    curve("writer_lag", "writer, oldest entry", "s", (s) => 0.04 + 0.01 * wave(s)),
  ];
}
