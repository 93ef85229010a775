/** The report of a benchmark as it is written to disk: everything that was played, and what it was played on. */
import type { FanOut } from "./fan-out.ts";
import type { Goal } from "./goals.ts";
import type { IdleTurn } from "./idle-memory.ts";
import type { Turn } from "./turn.ts";

export interface BenchReport {
  readonly format: 1;
  readonly startedAt: string;
  readonly seconds: number;
  readonly options: Readonly<Record<string, unknown>>;
  readonly machine: { cpus: number; model: string; kernel: string; node: string; redis: string };
  /** Whether the server had a core for itself. */
  readonly isPinned: boolean;
  readonly versions: Readonly<Record<string, string>>;
  readonly changedSettings: readonly { name: string; value: string; why: string }[];
  /** Of one event as everybody delivers it. */
  readonly eventBytes: number;
  readonly fanOut: FanOut | undefined;
  /** Round by round. */
  readonly idle: readonly (readonly IdleTurn[])[];
  /** Round by round. */
  readonly sizes: readonly (readonly Turn[])[];
  readonly goals: readonly Goal[];
}
