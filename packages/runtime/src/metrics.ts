/** One Prometheus registry a process, with the process's own figures (memory, CPU, event-loop delay) in it. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

export type { Registry } from "prom-client";

/**
 * How often the loop's delay is looked at: each look wakes the process, and at the library's 10 ms that was most of what an idle one does.
 * `nodejs_eventloop_lag_…` are times from one look to the next: who reads them takes this off.
 */
export const LOOP_LOOKS_MS = 100;

/** Every metric is named `drawchat_…`; `service` is a label of all. */
export class Metrics {
  readonly registry = new Registry();

  constructor(service: string) {
    this.registry.setDefaultLabels({ service });
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: LOOP_LOOKS_MS });
  }

  counter<L extends string = never>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> {
    return new Counter({ name: `drawchat_${name}`, help, labelNames, registers: [this.registry] });
  }

  /** `collect` runs at each scrape, which waits for it. */
  gauge<L extends string = never>(
    name: string,
    help: string,
    labelNames: readonly L[] = [],
    collect?: (gauge: Gauge<L>) => void | Promise<void>,
  ): Gauge<L> {
    const gauge: Gauge<L> = new Gauge({
      name: `drawchat_${name}`,
      help,
      labelNames,
      registers: [this.registry],
      ...(collect ? { collect: () => collect(gauge) } : {}),
    });
    return gauge;
  }

  /** Whether `/readyz` would say yes; looked at like a probe. */
  ready(notReady: () => string[] | Promise<string[]>): void {
    this.gauge("ready", "1 while the process can serve, else 0", [], async (gauge) => gauge.set((await notReady()).length === 0 ? 1 : 0));
  }

  histogram<L extends string = never>(name: string, help: string, buckets: number[], labelNames: readonly L[] = []): Histogram<L> {
    return new Histogram({ name: `drawchat_${name}`, help, buckets, labelNames, registers: [this.registry] });
  }
}
