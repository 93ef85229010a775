/** What jobs measure. Every series is there from the start: one that began with its first failure would be no rise. */
import type { Database } from "@drawchat/db/connect";
import { webhookFigures } from "@drawchat/db/webhook-deliveries";
import type { Metrics } from "@drawchat/runtime/metrics";
import { BOT_OUTCOMES, type BotOutcome } from "./bot-reply.ts";
import { DELIVERY_OUTCOMES, type DeliveryOutcome } from "./deliver-webhooks.ts";
import { JOB_OUTCOMES, type JobOutcome, type TaskGroup } from "./worker.ts";

export function countJobs(metrics: Metrics, groups: readonly TaskGroup[]): (name: string, outcome: JobOutcome) => void {
  const jobs = metrics.counter("jobs_total", "Jobs that ended", ["name", "outcome"]);
  for (const { tasks } of groups) {
    for (const name of Object.keys(tasks)) for (const outcome of JOB_OUTCOMES) jobs.inc({ name, outcome }, 0);
  }
  return (name, outcome) => jobs.inc({ name, outcome });
}

export function countBotTurns(metrics: Metrics): (outcome: BotOutcome) => void {
  const turns = metrics.counter("bot_turns_total", "Customers' messages that the bot was asked about, by what it did", ["outcome"]);
  for (const outcome of BOT_OUTCOMES) turns.inc({ outcome }, 0);
  return (outcome) => turns.inc({ outcome });
}

export function countDeliveries(metrics: Metrics, pool: Database["pool"]): (outcome: DeliveryOutcome) => void {
  const deliveries = metrics.counter("webhook_deliveries_total", "Attempts to tell the webhook, by what became of them", ["outcome"]);
  for (const outcome of DELIVERY_OUTCOMES) deliveries.inc({ outcome }, 0);
  // Without Postgres they stay as they were: the other figures are to be had all the same.
  const figures = () => webhookFigures(pool).catch(() => undefined);
  metrics.gauge("webhook_events", "Webhook events that are not told: to be told, or dead", ["state"], async (gauge) => {
    const now = await figures();
    if (now === undefined) return;
    gauge.set({ state: "pending" }, now.pending);
    gauge.set({ state: "dead" }, now.dead);
  });
  metrics.gauge("webhook_age_seconds", "Age of the oldest webhook event that is to be told", [], async (gauge) => {
    const now = await figures();
    if (now !== undefined) gauge.set(now.oldestSeconds);
  });
  return (outcome) => deliveries.inc({ outcome });
}
