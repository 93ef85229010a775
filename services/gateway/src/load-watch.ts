/**
 * Measures how full this gateway is, and tells its LoadLevel. Each fact is a share of what it can be at most; the pressure is
 * the largest of them:
 *   busy      time in which the event loop worked instead of waiting
 *   late      by how much nine of ten turns of the loop are behind, of half a second
 *   sweep     the last sweep of a room, of its tick: a third at most by its own rule, more only where the tick cannot grow any longer
 *   buffered  bytes that sockets have not taken yet, of what the gateway may hold for them
 */
import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import type { Log } from "@drawchat/runtime/log";
import { LOAD_STEPS, type LoadLevel } from "./load-level.ts";
import type { GatewayMetrics } from "./metrics.ts";

const MAX_BEAT_MS = 1_000;
/** So that a level is not held for one look alone. */
const BEATS_PER_HOLD = 3;
const LATE_MS = 500;
/** Each look at the loop's delay wakes the gateway, which costs an idle one more than all else: just enough to tell nine of ten. */
const DELAYS_PER_BEAT = 10;

export interface LoadWatchOptions {
  load: LoadLevel;
  holdMs: number;
  maxBufferedBytes: number;
  log: Log;
  metrics: GatewayMetrics;
  sweepShare: () => number;
  bufferedBytes: () => number;
}

interface LoadFacts {
  busy: number;
  late: number;
  sweep: number;
  buffered: number;
}

export class LoadWatch {
  readonly #options: LoadWatchOptions;
  readonly #beatMs: number;
  readonly #delayResolutionMs: number;
  readonly #delay: IntervalHistogram;
  #utilization = performance.eventLoopUtilization();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LoadWatchOptions) {
    this.#options = options;
    this.#beatMs = Math.min(MAX_BEAT_MS, options.holdMs / BEATS_PER_HOLD);
    this.#delayResolutionMs = Math.max(1, Math.floor(this.#beatMs / DELAYS_PER_BEAT));
    this.#delay = monitorEventLoopDelay({ resolution: this.#delayResolutionMs });
  }

  start(): void {
    this.#delay.enable();
    this.#utilization = performance.eventLoopUtilization();
    // Looked at behind all timers of its turn: the histogram's own is one of them.
    const look = () => void setImmediate(() => this.#look());
    this.#timer = setInterval(look, this.#beatMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#delay.disable();
  }

  #look(): void {
    const { load, metrics, log } = this.#options;
    const facts = this.#measure();
    for (const [fact, share] of Object.entries(facts)) metrics.loadPressure.set({ fact }, share);
    const before = load.level;
    load.note(Math.max(...Object.values(facts)), performance.now());
    if (load.level === before) return;
    metrics.loadLevel.set(load.level);
    const isTaken = load.level > before;
    const step = LOAD_STEPS[Math.min(before, load.level)] ?? "ticks";
    metrics.loadSteps.inc({ step, move: isTaken ? "taken" : "ended" });
    log[isTaken ? "warn" : "info"](
      { component: "load", level: load.level, step, ...facts },
      isTaken ? "load step taken" : "load step ended",
    );
  }

  #measure(): LoadFacts {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#utilization);
    this.#utilization = now;
    const lateMs = Math.max(0, this.#delay.percentile(90) / 1_000_000 - this.#delayResolutionMs);
    this.#delay.reset();
    const { sweepShare, bufferedBytes, maxBufferedBytes } = this.#options;
    return {
      busy: utilization,
      late: Math.min(1, lateMs / LATE_MS),
      sweep: Math.min(1, sweepShare()),
      buffered: Math.min(1, bufferedBytes() / maxBufferedBytes),
    };
  }
}
