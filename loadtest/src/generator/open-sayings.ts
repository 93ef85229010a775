/**
 * What one socket said and has no answer for: said again on its next socket, as the SDK does, until it is answered. Version 1
 * has no answers: what it says is gone with its socket, and what it would say without one is not said.
 */
import type { Sends } from "../ledger/sends.ts";
import { nowUs } from "./clock.ts";
import type { Dialect } from "./dialect.ts";
import { loadClientId, loadLine, loadText, parseLoadClientId } from "./load-text.ts";
import type { Counts } from "./tally.ts";

interface Saying {
  readonly text: string;
  readonly sentUs: number;
  wasSent: boolean;
  /** When it went out on the connection that stands, and waits there for its answer. */
  waitsSinceUs: number | undefined;
  /** The code of its last answer, after which it is said again. */
  postponed: string | undefined;
}

interface SayingsOptions {
  readonly client: { readonly room: string; readonly state: string; say(text: string): void };
  readonly run: number;
  readonly sender: number;
  readonly dialect: Dialect;
  readonly sends: Sends;
  readonly counts: Pick<Counts, "planned" | "sent" | "resent" | "heldBack">;
}

/** Answers that do not settle a message: `busy` was not accepted, `unavailable` may have been. Both are said again. */
const UNSETTLED: ReadonlySet<string> = new Set(["busy", "unavailable"]);
const RETRY_MS = 1_000;
/** What is older was read by the server, unless that hung. */
const UNHEARD_US = 5_000_000;
const UNNAMED = -1;

export class OpenSayings {
  readonly #options: SayingsOptions;
  /** Made with the first message: most sockets only listen. */
  #open: Map<number, Saying> | undefined;
  /** Of version 1, which has no answers: what went out of late, `n` and when. */
  #latest: { n: number; atUs: number }[] = [];
  #next = 0;

  constructor(options: SayingsOptions) {
    this.#options = options;
  }

  /** `wording`: the length of the text, or its words. */
  say(sentUs: number, wording: number | string, canSend: boolean): void {
    const { run, sender, dialect, sends, client, counts } = this.#options;
    const n = this.#next;
    this.#next += 1;
    counts.planned += 1;
    const message = { run, sender, n, sentUs };
    const text = typeof wording === "string" ? loadLine(message, wording) : loadText({ ...message, bytes: wording });
    const saying: Saying = { text, sentUs, wasSent: false, waitsSinceUs: undefined, postponed: undefined };
    if (!dialect.hasAcks && !canSend) {
      sends.unsent(client.room, dialect.version, sender, n);
      return;
    }
    if (dialect.hasAcks) {
      this.#open ??= new Map();
      this.#open.set(n, saying);
    }
    if (canSend) this.#send(n, saying, false);
  }

  /** On a new socket: everything open, in its order. */
  sayAgain(): void {
    for (const [n, saying] of this.#open ?? []) {
      if (!saying.wasSent) this.#options.counts.heldBack += 1;
      this.#send(n, saying, saying.wasSent);
    }
  }

  /** Answers when the message was meant to be sent; undefined where it is not one of ours that is open. */
  acked(clientId: string, id: number, { isDuplicate, isSkipped }: { isDuplicate: boolean; isSkipped: boolean }): number | undefined {
    const n = this.#numberOf(clientId);
    const saying = n === undefined ? undefined : this.#open?.get(n);
    if (n === undefined || saying === undefined) return undefined;
    this.#open?.delete(n);
    const { sends, client, sender } = this.#options;
    sends.acked(client.room, sender, n, id, { duplicate: isDuplicate, skipped: isSkipped });
    return saying.sentUs;
  }

  refused(code: string, clientId: string | undefined, retryAfterMs: number | undefined): void {
    const { sends, client, sender, dialect } = this.#options;
    const n = clientId === undefined ? undefined : this.#numberOf(clientId);
    const saying = n === undefined ? undefined : this.#open?.get(n);
    if (n !== undefined && saying !== undefined && UNSETTLED.has(code)) {
      saying.waitsSinceUs = undefined;
      saying.postponed = code;
      this.#retry(n, saying, retryAfterMs ?? RETRY_MS);
      return;
    }
    if (n !== undefined) this.#open?.delete(n);
    if (n !== undefined || !dialect.hasAcks) sends.refused(client.room, dialect.version, sender, n ?? UNNAMED, code);
  }

  /**
   * At the end of the run: nothing more is said. What waits on a connection that stands is not explained, so that it counts as
   * lost unless it is seen further on; only what was postponed and has just gone out again still has its last answer.
   */
  giveUp(us: number): void {
    const { sends, client, sender, dialect } = this.#options;
    for (const [n, { wasSent, waitsSinceUs, postponed }] of this.#open ?? []) {
      const isOverdue = waitsSinceUs !== undefined && us - waitsSinceUs >= UNHEARD_US;
      if (!wasSent) sends.unsent(client.room, dialect.version, sender, n);
      else if (postponed !== undefined && !isOverdue) sends.postponed(client.room, dialect.version, sender, n, postponed);
      else if (waitsSinceUs === undefined) sends.unanswered(client.room, dialect.version, sender, n);
    }
    this.#open?.clear();
  }

  /** Its socket was cut: of what version 1 said shortly before, and of what waits for its answer, nobody knows whether it was heard. */
  cut(): void {
    const { sends, client, sender, dialect } = this.#options;
    for (const saying of this.#open?.values() ?? []) {
      if (saying.waitsSinceUs === undefined) continue;
      saying.waitsSinceUs = undefined;
      saying.postponed = undefined;
    }
    const sinceUs = nowUs() - UNHEARD_US;
    for (const { n, atUs } of this.#latest) if (atUs >= sinceUs) sends.unanswered(client.room, dialect.version, sender, n);
    this.#latest = [];
  }

  get count(): number {
    return this.#open?.size ?? 0;
  }

  #retry(n: number, saying: Saying, afterMs: number): void {
    setTimeout(
      () => {
        if (this.#options.client.state === "joined" && this.#open?.get(n) === saying) this.#send(n, saying, false);
      },
      afterMs * (1 + Math.random()),
    ).unref();
  }

  #send(n: number, saying: Saying, isResend: boolean): void {
    const { client, run, sender, dialect, sends, counts } = this.#options;
    counts[saying.wasSent ? "resent" : "sent"] += 1;
    saying.wasSent = true;
    saying.waitsSinceUs = nowUs();
    client.say(dialect.messageFrame({ clientId: loadClientId(run, sender, n), text: saying.text, isResend }));
    sends.sent(client.room, dialect.version, sender, n);
    if (!dialect.hasAcks) this.#noteLatest(n);
  }

  #noteLatest(n: number): void {
    const atUs = nowUs();
    this.#latest = [...this.#latest.filter((saying) => saying.atUs >= atUs - UNHEARD_US), { n, atUs }];
  }

  #numberOf(clientId: string): number | undefined {
    const { run, sender } = this.#options;
    const parsed = parseLoadClientId(clientId);
    return parsed?.run === run && parsed.sender === sender ? parsed.n : undefined;
  }
}
