/**
 * What a run's curves say of a few seconds each: how much a process had to do, and what it used for that. The basis of
 * costs, whatever the scenario was. Names of curves are those of ../report/collector.ts.
 */
import type { RunReport, Series } from "../report/run-report.ts";
import { roomsOf } from "./report-options.ts";

/** Long against the clock of CPU times (10 ms), short against the phases of a run. */
const WINDOW_SECONDS = 5;
export const KERNEL_CURVE = "kernel (slab and TCP buffers)";

/** Of one gateway; everything a second but `sockets`, `rssBytes` and `cpu`. */
export interface GatewayWindow {
  readonly gateway: string;
  readonly fromSeconds: number;
  readonly sockets: number;
  readonly joins: number;
  /** Events of its rooms times the sockets that got them. */
  readonly delivered: number;
  /** Events that came from Redis, of all rooms. */
  readonly events: number;
  readonly accepted: number;
  readonly frames: number;
  readonly bytes: number;
  /** Cores. */
  readonly cpu: number;
  readonly rssBytes: number;
}

/** Of all that is there once: Redis, writers, Postgres, the balancer. */
export interface ClusterWindow {
  readonly fromSeconds: number;
  readonly gateways: number;
  readonly sockets: number;
  readonly joins: number;
  readonly accepted: number;
  readonly events: number;
  readonly frames: number;
  readonly bytes: number;
  readonly rows: number;
  /** What the kernel of this machine keeps; undefined where it was not seen. */
  readonly kernelBytes: number | undefined;
  /** Cores by process name. */
  readonly cpu: Readonly<Record<string, number>>;
}

export function gatewaysOf({ series }: RunReport): string[] {
  return series.filter(({ group, name }) => group === "connections" && /^gateway-\d+$/.test(name)).map(({ name }) => name);
}

/** Windows that were measured whole; none of a gateway whose CPU or sockets nobody saw. */
export function gatewayWindows(report: RunReport): GatewayWindow[] {
  const rooms = roomsOf(report);
  return gatewaysOf(report).flatMap((gateway) => {
    const curve = curvesOf(report.series);
    const sockets = curve("connections", gateway);
    return windowsOf(report).flatMap((fromSeconds): GatewayWindow[] => {
      const mean = (group: Series["group"], name: string) => meanIn(curve(group, name), fromSeconds);
      const [count, cpu] = [mean("connections", gateway), mean("cpu", gateway)];
      if (count === undefined || cpu === undefined) return [];
      const rate = (figure: string) => mean("rate", `${gateway} ${figure}`) ?? 0;
      const delivered = rate("delivered");
      return [
        {
          gateway,
          fromSeconds,
          sockets: count,
          joins: riseIn(sockets, fromSeconds),
          delivered,
          // A socket is in one room and gets that room's events alone.
          events: count === 0 ? 0 : (delivered / count) * rooms,
          accepted: rate("accepted"),
          frames: rate("framesSent"),
          bytes: rate("bytesSent"),
          cpu,
          rssBytes: mean("memory", gateway) ?? 0,
        },
      ];
    });
  });
}

export function clusterWindows(report: RunReport): ClusterWindow[] {
  const byTime = Map.groupBy(gatewayWindows(report), ({ fromSeconds }) => fromSeconds);
  const rates = report.series.filter(({ group, name }) => group === "rate" && name.endsWith(" rows"));
  const cpus = report.series.filter(({ group }) => group === "cpu");
  return [...byTime].map(([fromSeconds, windows]) => {
    const sum = (of: (window: GatewayWindow) => number) => windows.reduce((total, window) => total + of(window), 0);
    const cpu = cpus.flatMap(({ name, points }): [string, number][] => {
      const mean = meanIn(points, fromSeconds);
      return mean === undefined ? [] : [[name, mean]];
    });
    return {
      fromSeconds,
      gateways: windows.length,
      sockets: sum(({ sockets }) => sockets),
      joins: sum(({ joins }) => joins),
      accepted: sum(({ accepted }) => accepted),
      events: sum(({ events }) => events),
      frames: sum(({ frames }) => frames),
      bytes: sum(({ bytes }) => bytes),
      rows: rates.reduce((total, { points }) => total + (meanIn(points, fromSeconds) ?? 0), 0),
      kernelBytes: meanIn(curvesOf(report.series)("memory", KERNEL_CURVE), fromSeconds),
      cpu: Object.fromEntries(cpu),
    };
  });
}

/** Curves by group and name; an empty one where there is none. */
export function curvesOf(series: readonly Series[]): (group: Series["group"], name: string) => Series["points"] {
  const byName = new Map(series.map(({ group, name, points }) => [`${group} ${name}`, points]));
  return (group, name) => byName.get(`${group} ${name}`) ?? [];
}

/** Beginnings of whole windows. */
function windowsOf({ series }: RunReport): number[] {
  const end = Math.max(0, ...series.map(({ points }) => points.at(-1)?.[0] ?? 0));
  return Array.from({ length: Math.floor(end / WINDOW_SECONDS) }, (_, n) => n * WINDOW_SECONDS);
}

/** A point tells of the time before it. */
function inWindow(points: Series["points"], fromSeconds: number): Series["points"] {
  return points.filter(([seconds]) => seconds > fromSeconds && seconds <= fromSeconds + WINDOW_SECONDS);
}

function meanIn(points: Series["points"], fromSeconds: number): number | undefined {
  const found = inWindow(points, fromSeconds);
  return found.length === 0 ? undefined : found.reduce((sum, [, value]) => sum + value, 0) / found.length;
}

/** Of a curve that goes up and down, what it went up a second. */
function riseIn(points: Series["points"], fromSeconds: number): number {
  const found = [...points.filter(([seconds]) => seconds <= fromSeconds).slice(-1), ...inWindow(points, fromSeconds)];
  return found.reduce((sum, [, value], n) => sum + (n === 0 ? 0 : Math.max(0, value - (found[n - 1]?.[1] ?? value))), 0) / WINDOW_SECONDS;
}
