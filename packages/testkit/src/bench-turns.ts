/** For benchmarks whose contestants take turns: what a process has used, medians with their spread, and goals. */
import { readFile } from "node:fs/promises";

/** CPU that a process has used since its start, by Linux's count in hundredths of a second. */
export async function cpuMicrosOf(pid: number): Promise<number> {
  const [user = 0, system = 0] = await cpuTicksOf(pid);
  return (user + system) * TICK_MICROS;
}

/** The same with its children, those that have ended included: Postgres has one a connection. */
export async function cpuMicrosOfFamily(pid: number): Promise<number> {
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).split(" ").filter((text) => text.trim() !== "");
  const ended = (await cpuTicksOf(pid)).slice(2).reduce((sum, ticks) => sum + ticks, 0) * TICK_MICROS;
  const alive = await Promise.all([pid, ...children.map(Number)].map((one) => cpuMicrosOf(one).catch(() => 0)));
  return alive.reduce((sum, micros) => sum + micros, ended);
}

const TICK_MICROS = 10_000;

/** User and system of the process, then of its children that have ended. */
async function cpuTicksOf(pid: number): Promise<number[]> {
  const fields = (await readFile(`/proc/${pid}/stat`, "utf8")).split(") ")[1]?.split(" ") ?? [];
  return fields.slice(11, 15).map(Number);
}

/** NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2;
}

/** The median, with the least and the most: `82 (79-88)`. */
export function spreadOf(values: readonly number[], digits = 0): string {
  const [least, middle, most] = [Math.min(...values), median(values), Math.max(...values)].map((value) => value.toFixed(digits));
  return `${middle} (${least}-${most})`;
}

/** How a median stands to a goal in percent. */
export function goalVerdict(percents: readonly number[], goalPercent: number): string {
  return `${spreadOf(percents)} %, the goal of ${goalPercent} % ${median(percents) >= goalPercent ? "holds" : "does not hold"}`;
}
