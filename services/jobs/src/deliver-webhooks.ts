/**
 * Tells the webhook what happened in a conversation: one event after the other, in their order. One that fails holds up
 * those behind it, of its conversation alone, and is tried again later and later; after the last attempt it is dead and
 * the next goes on. At least once: the receiver knows a repetition by `Drawchat-Delivery`.
 *
 *   pending ──(2xx)──▶ delivered
 *      │ ▲
 *      ▼ └─(later)── failed ──(the last attempt)──▶ dead ──(npm run webhooks -- retry)──▶ pending
 */
import { addJobs } from "@drawchat/db/job-queue";
import { markDead, markDelivered, markFailed, nextWebhookEvent, type WebhookEvent } from "@drawchat/db/webhook-deliveries";
import { deliveryJob } from "@drawchat/db/webhook-events";
import { WORK, withWorkLock } from "@drawchat/db/work-lock";
import type { Log } from "@drawchat/runtime/log";
import { uuidOf } from "@drawchat/runtime/name-uuid";
import type pg from "pg";
import { conversationIdOf } from "./payloads.ts";
import { PostFailed, postSigned, type Receiver } from "./signed-post.ts";

/** Events of one run: the others of its conversation come in a run of their own, after other conversations. */
const RUN_MAX_EVENTS = 50;
const LOCKED_WAIT_MS = 1_000;

export interface WebhookParts {
  pool: pg.Pool;
  receiver: Receiver;
  log: Log;
  retries: WebhookRetries;
  /** Aborted: the run in hand ends after the event in hand. */
  stopping: AbortSignal;
  onAttempt: (outcome: DeliveryOutcome) => void;
}

export type DeliveryOutcome = "delivered" | "failed" | "dead";
export const DELIVERY_OUTCOMES: readonly DeliveryOutcome[] = ["delivered", "failed", "dead"];

/** The wait after a failure doubles from `firstMs` up to `capMs`; after `attempts` failures there is none more. */
export interface WebhookRetries {
  attempts: number;
  firstMs: number;
  capMs: number;
}

/** Twelve attempts within some five hours. */
export const WEBHOOK_RETRIES: WebhookRetries = { attempts: 12, firstMs: 10_000, capMs: 7_200_000 };

/** How long to wait after so many failures. */
export function waitMsAfter(failures: number, { firstMs, capMs }: WebhookRetries): number {
  return Math.min(capMs, firstMs * 2 ** (failures - 1));
}

/** Throws on a payload that is not ours; rejects where Postgres is away, and is run again then. */
export async function deliverWebhooks(parts: WebhookParts, payload: unknown): Promise<void> {
  const conversationId = conversationIdOf(payload);
  const runAtMs = await withWorkLock(parts.pool, { work: WORK.webhooks, conversationId }, (client) => tell(parts, client, conversationId));
  // Whoever holds the lock may have looked before the event was there that this job was added for.
  const laterMs = runAtMs === "locked" ? Date.now() + LOCKED_WAIT_MS : runAtMs;
  if (laterMs !== undefined) await addJobs(parts.pool, [{ ...deliveryJob(conversationId), runAtMs: laterMs }]);
}

/** Resolves with when to go on; undefined where everything is told. */
async function tell(parts: WebhookParts, client: pg.PoolClient, conversationId: number): Promise<number | undefined> {
  for (let n = 0; n < RUN_MAX_EVENTS && !parts.stopping.aborted; n += 1) {
    const event = await nextWebhookEvent(client, conversationId);
    if (event === undefined) return undefined;
    if (!event.isDue) return event.nextAttemptAt.getTime();
    const retryAtMs = await attempt(parts, client, event);
    if (retryAtMs !== undefined) return retryAtMs;
  }
  return Date.now();
}

/** Resolves with when to try this one again; undefined where the next may go on. */
async function attempt({ receiver, log, retries, onAttempt }: WebhookParts, client: pg.PoolClient, event: WebhookEvent) {
  const about = { component: "webhooks", conversation: event.conversationId, event: event.id, type: event.type };
  try {
    await postSigned(receiver, { deliveryId: deliveryIdOf(event), body: bodyOf(event) });
    await markDelivered(client, event.id);
    onAttempt("delivered");
    return undefined;
  } catch (error) {
    if (!(error instanceof PostFailed)) throw error;
    const attempts = event.attempts + 1;
    if (attempts >= retries.attempts) {
      log.error({ ...about, attempts, said: error.message }, "webhook given up, kept as dead");
      await markDead(client, event.id, error.message);
      onAttempt("dead");
      return undefined;
    }
    log.warn({ ...about, attempts, said: error.message }, "webhook failed, will be told again");
    const retryAfterMs = waitMsAfter(attempts, retries);
    const retryAtMs = await markFailed(client, event.id, { error: error.message, retryAfterMs });
    onAttempt("failed");
    return retryAtMs;
  }
}

function deliveryIdOf({ key }: WebhookEvent): string {
  return uuidOf(`webhook ${key}`);
}

function bodyOf(event: WebhookEvent): string {
  return JSON.stringify({
    id: deliveryIdOf(event),
    type: event.type,
    conversation_id: event.conversationId,
    created_at: event.createdAt.toISOString(),
    data: event.payload,
  });
}
