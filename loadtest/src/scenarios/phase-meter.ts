/** What happened in each phase of a run: rows of the report that add up to the whole. */
import type { Histogram } from "hdr-histogram-js";
import type { Fleet } from "../generator/fleet.ts";
import { decodeHistogram, newHistogram, summarise } from "../generator/latency.ts";
import type { WorkerReport } from "../generator/orders.ts";
import type { Counts } from "../generator/tally.ts";
import type { RunReport } from "../report/run-report.ts";

type Step = RunReport["steps"][number];

export class PhaseMeter {
  readonly steps: Step[] = [];
  readonly #delivery: Histogram = newHistogram();
  readonly #ack: Histogram = newHistogram();
  #before: Counts | undefined;
  #beganMs = performance.now();
  #peakJoined = 0;

  /** To be told each report of a worker. */
  add({ tally: { latencies } }: WorkerReport): void {
    if (latencies.delivery !== undefined) this.#delivery.add(decodeHistogram(latencies.delivery));
    if (latencies.ack !== undefined) this.#ack.add(decodeHistogram(latencies.ack));
  }

  /** To be told now and then how many are in. */
  noteJoined(joined: number): void {
    this.#peakJoined = Math.max(this.#peakJoined, joined);
  }

  /** The phase ends and the next begins. `more` goes into the row: the same names in each. */
  end(name: string, { totals }: Fleet, more: Record<string, number> = {}): Step {
    const { counts, states } = totals;
    const now = performance.now();
    const seconds = (now - this.#beganMs) / 1_000;
    const rise = (of: keyof Counts) => counts[of] - (this.#before?.[of] ?? 0);
    const [delivery, ack] = [summarise("delivery", this.#delivery), summarise("ack", this.#ack)];
    const deliveries = rise("deliveries");
    const figures = {
      seconds: Math.round(seconds * 10) / 10,
      peakSockets: Math.max(this.#peakJoined, states.joined),
      joins: rise("joins"),
      rejoins: rise("rejoins"),
      messages: rise("sent"),
      likes: rise("likes"),
      deliveries,
      deliveriesPerSecond: Math.round(deliveries / seconds),
      deliveryP50Ms: delivery.p50,
      deliveryP99Ms: delivery.p99,
      ackP99Ms: ack.p99,
      ...more,
    };
    this.#before = counts;
    this.#beganMs = now;
    this.#peakJoined = states.joined;
    this.#delivery.reset();
    this.#ack.reset();
    const step = { name, figures };
    this.steps.push(step);
    return step;
  }
}
