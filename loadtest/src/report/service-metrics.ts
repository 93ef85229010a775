/**
 * What is taken from the `/metrics` of our processes, and the curve it becomes. Names are those of
 * services/gateway/src/metrics.ts, services/writer/src/metrics.ts and prom-client; one that is not served makes no curve.
 */
import { LOOP_LOOKS_MS } from "@drawchat/runtime/metrics";
import type { SeriesGroup } from "./curves.ts";
import { type Samples, total } from "./prometheus.ts";

export interface Curve {
  readonly group: SeriesGroup;
  readonly name: string;
  readonly unit: string;
  readonly value: number;
}

/** Counters: a curve of what came a second, and the whole as a figure `<process>.<figure>`. */
const COUNTERS = [
  { metric: "drawchat_gateway_accepted_total", figure: "accepted", unit: "events/s" },
  { metric: "drawchat_gateway_refused_total", figure: "refused", unit: "events/s" },
  { metric: "drawchat_gateway_publications_total", figure: "publications", unit: "events/s" },
  { metric: "drawchat_gateway_delivered_total", figure: "delivered", unit: "deliveries/s" },
  { metric: "drawchat_gateway_frames_sent_total", figure: "framesSent", unit: "frames/s" },
  { metric: "drawchat_gateway_bytes_sent_total", figure: "bytesSent", unit: "bytes/s" },
  { metric: "drawchat_gateway_frames_total", figure: "framesIn", unit: "events/s" },
  { metric: "drawchat_writer_rows_total", figure: "rows", unit: "events/s" },
] as const;

/** Those that should stay at little or nothing: a figure alone, where there was any. */
const RARE = [
  { metric: "drawchat_gateway_history_reads_total", figure: "historyReads" },
  { metric: "drawchat_gateway_repairs_total", figure: "repairs" },
  { metric: "drawchat_gateway_resets_total", figure: "resets" },
  { metric: "drawchat_gateway_dropped_total", figure: "dropped" },
  { metric: "drawchat_gateway_handshakes_refused_total", figure: "handshakesRefused" },
  { metric: "drawchat_gateway_load_steps_total", figure: "loadSteps" },
  { metric: "drawchat_gateway_dead_subscriptions_total", figure: "deadSubscriptions" },
  { metric: "drawchat_writer_batch_failures_total", figure: "batchFailures" },
  { metric: "drawchat_writer_repeats_total", figure: "repeats" },
] as const;

/** Curves of one look at a process. `before` is the look before it, `seconds` the time between the two. */
export function curvesOf(process: string, now: Samples, since?: { before: Samples; seconds: number }): Curve[] {
  return [...gaugesOf(process, now), ...(since === undefined ? [] : ratesOf(process, now, since))];
}

/** What counters rose by. One that fell belongs to a process that was started again: it counts from 0. */
export function figuresOf(process: string, now: Samples, first: Samples): { name: string; value: number; unit: string }[] {
  const risen = ({ metric, figure }: { metric: string; figure: string }) => {
    const value = total(now, metric);
    return value === undefined ? [] : [{ name: `${process}.${figure}`, value: rise(value, total(first, metric)), unit: "" }];
  };
  return [...COUNTERS.flatMap(risen), ...RARE.flatMap(risen).filter(({ value }) => value > 0)];
}

function gaugesOf(process: string, now: Samples): Curve[] {
  const curves: Curve[] = [];
  const add = (group: SeriesGroup, name: string, unit: string, value: number | undefined) => {
    if (value !== undefined) curves.push({ group, name, unit, value });
  };
  add("connections", process, "sockets", total(now, "drawchat_gateway_sockets"));
  const loopSeconds = total(now, "nodejs_eventloop_lag_p99_seconds");
  add("loop_delay", `${process} p99`, "ms", loopSeconds === undefined ? undefined : Math.max(0, loopSeconds * 1_000 - LOOP_LOOKS_MS));
  add("log_length", `${process}, all partitions`, "entries", total(now, "drawchat_writer_log_entries"));
  const ages = now.get("drawchat_writer_log_age_seconds")?.map(({ value }) => value) ?? [];
  add("writer_lag", `${process}, oldest entry`, "s", ages.length === 0 ? undefined : Math.max(...ages));
  for (const { labels, value } of now.get("drawchat_writer_log_entries") ?? []) add("log_length", partition(labels), "entries", value);
  for (const { labels, value } of now.get("drawchat_writer_log_age_seconds") ?? []) add("writer_lag", partition(labels), "s", value);
  return curves;
}

const partition = (labels: Readonly<Record<string, string>>) => `partition ${labels.partition ?? "?"}`;

function ratesOf(process: string, now: Samples, { before, seconds }: { before: Samples; seconds: number }): Curve[] {
  const curves = COUNTERS.flatMap(({ metric, figure, unit }): Curve[] => {
    const value = total(now, metric);
    if (value === undefined || seconds <= 0) return [];
    return [{ group: "rate", name: `${process} ${figure}`, unit, value: rise(value, total(before, metric)) / seconds }];
  });
  const ticks = rise(total(now, "drawchat_gateway_tick_ms_count") ?? 0, total(before, "drawchat_gateway_tick_ms_count"));
  const tickMs = rise(total(now, "drawchat_gateway_tick_ms_sum") ?? 0, total(before, "drawchat_gateway_tick_ms_sum"));
  if (ticks > 0) curves.push({ group: "other", name: `${process} tick`, unit: "ms", value: tickMs / ticks });
  return curves;
}

function rise(now: number, before = 0): number {
  return now >= before ? now - before : now;
}
