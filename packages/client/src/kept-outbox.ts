/** An outbox with what surrounds it in a client: promises of each sending, and a storage that outlives the page. */
import { Outbox, type OwnContent, type OwnMessage, type OwnStatus } from "./outbox.ts";

/** Own messages kept at most: above it `send` fails at once. */
const OUTBOX_MAX = 500;

/** localStorage, sessionStorage or the like. */
export interface OutboxStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

/** `accepted` and `settled` never reject: a failure is a status. A failed message may be retried: see `own` events. */
export interface Sending {
  clientId: string;
  /** Resolves with `accepted`, `stored` or `failed`, whichever comes first. */
  accepted: Promise<OwnMessage>;
  /** Resolves with `stored` or `failed`. */
  settled: Promise<OwnMessage>;
}

export interface KeptOutboxOptions {
  random: () => number;
  now: () => number;
  storage: OutboxStorage | undefined;
  storageKey: string;
  onChange: (message: OwnMessage) => void;
}

interface Waiter {
  isDone: (status: OwnStatus) => boolean;
  resolve: (message: OwnMessage) => void;
}

export class KeptOutbox {
  /** What the frames of the room are told to. After `takeDue`: `save`. */
  readonly box: Outbox;
  readonly #options: KeptOutboxOptions;
  readonly #waiters = new Map<string, Waiter[]>();
  #isRestored: boolean = false;

  constructor(options: KeptOutboxOptions) {
    this.#options = options;
    this.box = new Outbox({ random: options.random, onChange: (message) => this.#onChange(message) });
  }

  /** Queues a message. */
  send(content: OwnContent): Sending {
    const clientId = crypto.randomUUID();
    const accepted = this.#when(clientId, ({ state }) => state !== "pending");
    const settled = this.#when(clientId, ({ state }) => state === "stored" || state === "failed");
    const isFull = this.box.size >= OUTBOX_MAX;
    this.box.add(clientId, content, this.#options.now());
    if (isFull) this.box.onRejected(clientId, "outbox_full");
    return { clientId, accepted, settled };
  }

  discard(clientId: string): void {
    this.box.discard(clientId);
    this.save();
  }

  save(): void {
    try {
      this.#options.storage?.setItem(this.#options.storageKey, this.box.serialize());
    } catch {
      // a full or forbidden storage: the outbox lives on in memory
    }
  }

  /** Takes up what an earlier page left, once. */
  restore(): void {
    if (this.#isRestored) return;
    this.#isRestored = true;
    const saved = this.#options.storage?.getItem(this.#options.storageKey);
    if (saved) this.box.restore(saved);
  }

  #onChange(message: OwnMessage): void {
    this.save();
    this.#settle(message);
    this.#options.onChange(message);
  }

  #when(clientId: string, isDone: Waiter["isDone"]): Promise<OwnMessage> {
    return new Promise((resolve) => {
      this.#waiters.set(clientId, [...(this.#waiters.get(clientId) ?? []), { isDone, resolve }]);
    });
  }

  #settle(message: OwnMessage): void {
    const waiters = this.#waiters.get(message.clientId) ?? [];
    const left = waiters.filter(({ isDone }) => !isDone(message.status));
    for (const waiter of waiters) if (!left.includes(waiter)) waiter.resolve(message);
    if (left.length > 0) this.#waiters.set(message.clientId, left);
    else this.#waiters.delete(message.clientId);
  }
}
