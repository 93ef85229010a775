/** Keeps the table of webhook events small, and looks after what nobody tells: a net below the jobs, which are the rule. */
import type { Database } from "@drawchat/db/connect";
import { addJobs } from "@drawchat/db/job-queue";
import { deleteDelivered, listBelated } from "@drawchat/db/webhook-deliveries";
import { deliveryJob } from "@drawchat/db/webhook-events";
import type { Log } from "@drawchat/runtime/log";

const KEPT_MS = 7 * 24 * 3_600_000;

/** Harmless to repeat. */
export async function sweepWebhooks({ pool, log }: { pool: Database["pool"]; log: Log }): Promise<void> {
  const deleted = await deleteDelivered(pool, KEPT_MS);
  const belated = await listBelated(pool);
  await addJobs(pool, belated.map(deliveryJob));
  if (deleted > 0) log.info({ component: "webhooks", deleted }, "delivered webhook events removed");
  if (belated.length > 0) log.warn({ component: "webhooks", conversations: belated.length }, "webhooks are late, told again");
}
