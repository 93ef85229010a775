/** The outboxes of all rooms under one key of a storage, so that a new page finds the rooms that still have to send. */

import type { OutboxStorage } from "./kept-outbox.ts";
import { isRecord } from "./shape.ts";

export class RoomsStorage implements OutboxStorage {
  readonly #storage: OutboxStorage;
  readonly #key: string;
  readonly #byRoom: Map<string, string>;

  constructor(storage: OutboxStorage, key: string) {
    this.#storage = storage;
    this.#key = key;
    this.#byRoom = new Map(Object.entries(parse(storage.getItem(key))));
  }

  /** The rooms with messages that were not stored. */
  get rooms(): string[] {
    return [...this.#byRoom.keys()];
  }

  getItem(room: string): string | null {
    return this.#byRoom.get(room) ?? null;
  }

  /** Throws as the storage does. */
  setItem(room: string, outbox: string): void {
    if (outbox === "[]") this.#byRoom.delete(room);
    else this.#byRoom.set(room, outbox);
    this.#storage.setItem(this.#key, JSON.stringify(Object.fromEntries(this.#byRoom)));
  }
}

function parse(text: string | null): Record<string, string> {
  try {
    const value: unknown = JSON.parse(text ?? "{}");
    const entries = Object.entries(isRecord(value) ? value : {});
    return Object.fromEntries(entries.flatMap(([room, outbox]) => (typeof outbox === "string" ? [[room, outbox]] : [])));
  } catch {
    return {}; // written by something else: nothing to take up
  }
}
