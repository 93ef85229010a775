/**
 * Own messages, from `send` until they are stored. Pure: the caller brings the clock and the socket.
 *
 *   pending ──ack──▶ accepted ──stored──▶ stored (let go)
 *      │  ▲              │
 *      │  └──────────────┘  reset, or a welcome that cannot vouch for it: asked again under the same client_id
 *      └─▶ failed ──retry──▶ pending
 *
 * A `stored` covers an id only while that id's acknowledgement still holds. After Redis lost its memory other
 * messages rise above a lost one, and their `stored` would cover it: so `restart` takes the acknowledgement back first,
 * and forgets what was stored before it. An acknowledgement may also come after the `stored` that covers it.
 */
import type { Attachment } from "@drawchat/protocol/conversations";
import { ERRORS, isErrorCode } from "@drawchat/protocol/errors";
import { Backoff } from "./backoff.ts";
import { isRecord } from "./shape.ts";

/** After this long the server's short dedupe memory may have turned over: it must look into the table first. */
const RESEND_AFTER_MS = 10 * 60_000;
/** A sent message without an answer for this long is sent again, under the same client_id. */
const ANSWER_TIMEOUT_MS = 15_000;
/** Messages on their way at once. A gateway answers resends one by one and keeps only a few frames waiting behind. */
const UNANSWERED_MAX = 6;
/** Refusals that the outbox repeats by itself. `rate_limited` is for the person to see. */
const REPEATED_SILENTLY = new Set(["busy", "unavailable", "draining", "internal"]);

export type OwnStatus =
  | { state: "pending" }
  | { state: "accepted" }
  | { state: "stored" }
  | { state: "failed"; code: string; retryable: boolean; retryAfterMs?: number };

/** What is said. Only conversations take more than the text. */
export interface OwnContent {
  readonly text: string;
  /** A file that was uploaded before. */
  readonly attachment?: Attachment;
  /** Only where the room's last message is this one: see `if_last_id` of the message frame. */
  readonly ifLastId?: number;
}

/** An own message as listeners see it. `id` is there once it was acknowledged; `skipped`: no batch will show it. */
export interface OwnMessage extends OwnContent {
  readonly clientId: string;
  readonly createdAt: number;
  readonly status: OwnStatus;
  readonly id?: number;
  readonly skipped?: boolean;
}

export interface Outgoing extends OwnContent {
  clientId: string;
  resend: boolean;
}

interface Entry {
  message: OwnMessage;
  /** Welcome or reset under which it was first sent, and when; undefined while it never left. */
  firstSent?: { era: number; at: number } | undefined;
  inFlightSince?: number | undefined;
  notBefore: number;
  wasAccepted: boolean;
  backoff: Backoff;
}

export interface OutboxOptions {
  onChange: (message: OwnMessage) => void;
  random?: () => number;
}

export class Outbox {
  readonly #entries = new Map<string, Entry>();
  readonly #onChange: (message: OwnMessage) => void;
  readonly #random: () => number;
  #era = 0;
  /** The highest `stored` of this era. */
  #storedUpto = 0;

  constructor({ onChange, random = Math.random }: OutboxOptions) {
    this.#onChange = onChange;
    this.#random = random;
  }

  /** Everything not stored yet, in the order in which it is sent. */
  get messages(): OwnMessage[] {
    return [...this.#entries.values()].map((entry) => entry.message);
  }

  get size(): number {
    return this.#entries.size;
  }

  add(clientId: string, content: OwnContent, now: number): void {
    this.#insert({ ...content, clientId, createdAt: now, status: { state: "pending" } }, false);
  }

  /**
   * A welcome or reset came. What was acknowledged up to `vouchedUpto` stays acknowledged; everything else that is
   * not stored goes out again. 0 vouches for nothing: reset, not recovered, another epoch.
   */
  restart(vouchedUpto: number): void {
    this.#era += 1;
    this.#storedUpto = 0;
    for (const entry of this.#entries.values()) {
      entry.inFlightSince = undefined;
      entry.notBefore = 0;
      const { status, id = 0 } = entry.message;
      if (status.state === "accepted" && id > vouchedUpto) this.#set(entry, { state: "pending" });
    }
  }

  /** What is to be sent now, oldest first, at most `max`; it counts as sent from here on. */
  takeDue(now: number, max: number): Outgoing[] {
    const due: Outgoing[] = [];
    const unanswered = [...this.#entries.values()].filter((entry) => this.#awaitsAnswer(entry, now)).length;
    const room = Math.min(max, UNANSWERED_MAX - unanswered);
    for (const entry of this.#entries.values()) {
      if (due.length >= room) break;
      if (entry.message.status.state !== "pending" || this.#awaitsAnswer(entry, now)) continue;
      if (entry.notBefore > now) break; // later ones wait behind it, so that the order stays
      due.push(this.#markSent(entry, now));
    }
    return due;
  }

  /** When `takeDue` has something next; undefined where all is sent and answered. */
  get nextDueAt(): number | undefined {
    const pending = [...this.#entries.values()].filter((entry) => entry.message.status.state === "pending");
    const sent = pending.flatMap((entry) => entry.inFlightSince ?? []);
    const timeouts = sent.map((since) => since + ANSWER_TIMEOUT_MS);
    const head = pending.find((entry) => entry.inFlightSince === undefined);
    const times = head && sent.length < UNANSWERED_MAX ? [...timeouts, head.notBefore] : timeouts;
    return times.length === 0 ? undefined : Math.min(...times);
  }

  onAck({ client_id, id, skipped }: { client_id: string; id: number; skipped?: boolean }): void {
    const entry = this.#entries.get(client_id);
    if (!entry) return;
    entry.inFlightSince = undefined;
    entry.wasAccepted = true;
    entry.backoff.reset();
    entry.message = { ...entry.message, id, ...(skipped ? { skipped } : {}) };
    this.#set(entry, { state: "accepted" });
    this.#settle(entry);
  }

  onStored(upto: number): void {
    this.#storedUpto = Math.max(this.#storedUpto, upto);
    for (const entry of this.#entries.values()) this.#settle(entry);
  }

  /** An `error` frame with a client_id: repeated later where it passes by itself, else failed. */
  onRefused(clientId: string, { code, retryAfterMs }: { code: string; retryAfterMs?: number | undefined }, now: number): void {
    const entry = this.#entries.get(clientId);
    if (entry?.message.status.state !== "pending") return;
    entry.inFlightSince = undefined;
    // One that was accepted once was lost by the server, not sent too fast by the person: it is not theirs to repeat.
    if (REPEATED_SILENTLY.has(code) || (entry.wasAccepted && isRetryable(code))) {
      entry.notBefore = now + (retryAfterMs ?? 0) + entry.backoff.nextMs();
      return;
    }
    this.#set(entry, { state: "failed", code, retryable: isRetryable(code), ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
  }

  /** A `rejected` frame: accepted once, withdrawn for good. */
  onRejected(clientId: string, code: string): void {
    const entry = this.#entries.get(clientId);
    if (entry) this.#set(entry, { state: "failed", code, retryable: false });
  }

  /** Sends a failed one again, at the end of the line, under the same client_id: it can never become two lines. */
  retry(clientId: string): void {
    const entry = this.#entries.get(clientId);
    if (entry?.message.status.state !== "failed") return;
    entry.notBefore = 0;
    this.#entries.delete(clientId);
    this.#entries.set(clientId, entry);
    this.#set(entry, { state: "pending" });
  }

  /** Lets a failed one go. */
  discard(clientId: string): void {
    if (this.#entries.get(clientId)?.message.status.state === "failed") this.#entries.delete(clientId);
  }

  /** For a storage that outlives the page. */
  serialize(): string {
    return JSON.stringify([...this.#entries.values()].map(({ message, firstSent }) => ({ ...message, sent: firstSent !== undefined })));
  }

  /** Takes up what an earlier page left. All of it is asked again; what had left the page as `resend`. */
  restore(text: string): void {
    for (const { clientId, createdAt, sent, ...content } of parseSaved(text)) {
      this.#insert({ ...contentOf(content), clientId, createdAt, status: { state: "pending" } }, sent);
    }
  }

  #insert(message: OwnMessage, sentBefore: boolean): void {
    const firstSent = sentBefore ? { era: -1, at: message.createdAt } : undefined;
    const entry: Entry = { message, firstSent, notBefore: 0, wasAccepted: false, backoff: new Backoff({ random: this.#random }) };
    this.#entries.set(message.clientId, entry);
    this.#onChange(message);
  }

  /** Lets go what is acknowledged and covered. */
  #settle(entry: Entry): void {
    const { clientId, status, id } = entry.message;
    if (status.state !== "accepted" || id === undefined || id > this.#storedUpto) return;
    this.#entries.delete(clientId);
    this.#set(entry, { state: "stored" });
  }

  #awaitsAnswer(entry: Entry, now: number): boolean {
    return entry.inFlightSince !== undefined && now - entry.inFlightSince < ANSWER_TIMEOUT_MS;
  }

  #markSent(entry: Entry, now: number): Outgoing {
    entry.firstSent ??= { era: this.#era, at: now };
    entry.inFlightSince = now;
    const resend = entry.firstSent.era < this.#era || now - entry.firstSent.at > RESEND_AFTER_MS;
    return { ...contentOf(entry.message), clientId: entry.message.clientId, resend };
  }

  #set(entry: Entry, status: OwnStatus): void {
    if (entry.message.status.state === status.state && status.state !== "accepted") return;
    entry.message = { ...entry.message, status };
    this.#onChange(entry.message);
  }
}

function isRetryable(code: string): boolean {
  return isErrorCode(code) && ERRORS[code].retry;
}

function contentOf({ text, attachment, ifLastId }: OwnContent): OwnContent {
  return { text, ...(attachment && { attachment }), ...(ifLastId !== undefined && { ifLastId }) };
}

interface Saved extends OwnContent {
  clientId: string;
  createdAt: number;
  sent: boolean;
}

function parseSaved(text: string): Saved[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.filter(isSaved) : [];
  } catch {
    return []; // written by something else: nothing to take up
  }
}

function isSaved(value: unknown): value is Saved {
  return (
    isRecord(value) &&
    typeof value.clientId === "string" &&
    typeof value.text === "string" &&
    typeof value.createdAt === "number" &&
    typeof value.sent === "boolean" &&
    (value.attachment === undefined || isAttachment(value.attachment)) &&
    (value.ifLastId === undefined || typeof value.ifLastId === "number")
  );
}

function isAttachment(value: unknown): value is Attachment {
  return (
    isRecord(value) &&
    typeof value.upload_id === "string" &&
    typeof value.name === "string" &&
    typeof value.content_type === "string" &&
    typeof value.size_bytes === "number"
  );
}
