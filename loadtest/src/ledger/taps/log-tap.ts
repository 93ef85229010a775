/**
 * What Redis has accepted of some rooms. An event counts as logged where it is seen in its partition's log, or in its room's
 * history: one script writes both or neither, the log first. The log holds an entry only until it is stored, so it is waited
 * for by a blocking read, and what was stored between two reads shows in the history, which keeps at least 500 events and
 * five minutes. Order and doubles are those of the log; what only the history showed stands at the place of its id.
 */
import { partitionOfRoom, type RoomName } from "@drawchat/protocol/ids";
import { blockingClient, commandClient, type RedisClient } from "@drawchat/redis/connect";
import { keys } from "@drawchat/redis/keys";
import { decodeEntry } from "@drawchat/redis/log";
import { decodePublication, isSkipped } from "@drawchat/redis/publication";
import { sleep } from "@drawchat/runtime/backoff";
import type { Log } from "@drawchat/runtime/log";
import { parseLoadText } from "../../generator/load-text.ts";
import type { LoadEvent } from "../event-list.ts";

export interface LogTapOptions {
  run: number;
  rooms: readonly RoomName[];
  url: string;
  log: Log;
}

const BLOCK_MS = 500;
const ENTRIES_A_READ = 200;
/** Well below the five minutes of the history. */
const HISTORY_EVERY_MS = 1_000;
const RETRY_MS = 250;

interface RoomSightings {
  readonly inLog: LoadEvent[];
  /** By id, in order. */
  readonly inHistory: LoadEvent[];
  /** Those that are declared as not shown live. */
  readonly sampled: Set<number>;
  /** The highest id that is to be shown. */
  shownUpto: number;
  /** Stream id of the last publication read. */
  historyUpto: string;
}

interface SeenEvent {
  readonly id: number;
  readonly kind: string;
  readonly flags: number;
  readonly body: Buffer;
}

export class LogTap {
  readonly #run: number;
  readonly #rooms: ReadonlyMap<RoomName, RoomSightings>;
  readonly #partitions: readonly { partition: number; blocking: RedisClient }[];
  readonly #redis: RedisClient;
  readonly #ending = new AbortController();
  #loops: Promise<unknown> = Promise.resolve();

  /** Connected by `start`. A blocking connection a partition: one that waits would hold up the others. */
  constructor({ run, rooms, url, log }: LogTapOptions) {
    this.#run = run;
    this.#rooms = new Map(rooms.map((room) => [room, { inLog: [], inHistory: [], sampled: new Set(), shownUpto: 0, historyUpto: "-" }]));
    this.#redis = commandClient(url, "ledger", log);
    this.#partitions = [...new Set(rooms.map(partitionOfRoom))].map((partition) => ({
      partition,
      blocking: blockingClient(url, `ledger-${partition}`, log),
    }));
  }

  /** To be called before the first message goes out. Resolves once it watches. */
  async start(): Promise<void> {
    await Promise.all([this.#redis, ...this.#partitions.map(({ blocking }) => blocking)].map((redis) => redis.connect()));
    const follow = this.#partitions.map(({ partition, blocking }) => this.#followLog(partition, blocking));
    this.#loops = Promise.all([...follow, this.#followHistories()]);
  }

  /** What was logged of a room so far. */
  logged(room: RoomName): LoadEvent[] {
    const sightings = this.#rooms.get(room);
    return sightings === undefined ? [] : withHistory(sightings.inLog, sightings.inHistory);
  }

  /** Of those, what is not to be shown live: log and history say so in the event's flags. */
  sampled(room: RoomName): ReadonlySet<number> {
    return this.#rooms.get(room)?.sampled ?? new Set();
  }

  /** The highest id that was logged of a room and is to be shown; 0 where none was. */
  upto(room: RoomName): number {
    return this.#rooms.get(room)?.shownUpto ?? 0;
  }

  /** True where Postgres has everything of these rooms, by the log: others of the partition may have more in it. Rejects where Redis is away. */
  async isStored(): Promise<boolean> {
    const waiting = await Promise.all(this.#partitions.map(({ partition }) => this.#hasWaiting(partition)));
    return !waiting.includes(true);
  }

  async #hasWaiting(partition: number): Promise<boolean> {
    for (let from = "-"; ; ) {
      const page = await this.#redis.xrangeBuffer(keys.log(partition), from, "+", "COUNT", ENTRIES_A_READ);
      for (const [id, fields] of page) {
        from = `(${id.toString("latin1")}`;
        if (decodeEntry(id.toString("latin1"), fields).rooms.some((room) => this.#rooms.has(room))) return true;
      }
      if (page.length < ENTRIES_A_READ) return false;
    }
  }

  /** Reads what the history has beyond, and ends. Rejects where that cannot be read: then nobody knows what was logged. */
  async finish(): Promise<void> {
    // The loops first: two who read a history from the same place would both note what they find.
    await this.#endLoops();
    try {
      for (const room of this.#rooms.keys()) await this.#readHistory(room);
    } finally {
      this.#redis.disconnect();
    }
  }

  async stop(): Promise<void> {
    await this.#endLoops();
    this.#redis.disconnect();
  }

  async #endLoops(): Promise<void> {
    this.#ending.abort();
    for (const { blocking } of this.#partitions) blocking.disconnect();
    await this.#loops;
  }

  async #followLog(partition: number, blocking: RedisClient): Promise<void> {
    let after = "0";
    await this.#untilEnd(async () => {
      const reply = await blocking.xreadBuffer("COUNT", ENTRIES_A_READ, "BLOCK", BLOCK_MS, "STREAMS", keys.log(partition), after);
      for (const [, entries] of reply ?? []) {
        for (const [id, fields] of entries) {
          after = id.toString("latin1");
          for (const event of decodeEntry(after, fields).events) {
            const sightings = this.#rooms.get(event.room);
            if (sightings !== undefined) this.#note(sightings, sightings.inLog, event);
          }
        }
      }
    });
  }

  async #followHistories(): Promise<void> {
    await this.#untilEnd(async () => {
      for (const room of this.#rooms.keys()) await this.#readHistory(room);
      await sleep(HISTORY_EVERY_MS, this.#ending.signal);
    });
  }

  async #readHistory(room: RoomName): Promise<void> {
    const sightings = this.#rooms.get(room);
    if (sightings === undefined) return;
    for (;;) {
      const page = await this.#redis.xrangeBuffer(keys.history(room), sightings.historyUpto, "+", "COUNT", ENTRIES_A_READ);
      for (const [id, fields] of page) {
        sightings.historyUpto = `(${id.toString("latin1")}`;
        const publication = decodePublication(fields[1] ?? Buffer.alloc(0));
        for (const event of publication.events) {
          this.#note(sightings, sightings.inHistory, { ...event, body: publication.bytes.subarray(event.start, event.end) });
        }
      }
      if (page.length < ENTRIES_A_READ) return;
    }
  }

  /** A run goes on where Redis is away for a while: what was missed is in the history. */
  async #untilEnd(look: () => Promise<void>): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      try {
        await look();
      } catch {
        await sleep(RETRY_MS, signal);
      }
    }
  }

  #note(sightings: RoomSightings, seenIn: LoadEvent[], { id, kind, flags, body }: SeenEvent): void {
    const message = kind === "m" ? parseLoadText(body.toString("latin1")) : undefined;
    if (message?.run !== this.#run) return;
    seenIn.push({ id, sender: message.sender, n: message.n });
    if (isSkipped({ flags })) sightings.sampled.add(id);
    else sightings.shownUpto = Math.max(sightings.shownUpto, id);
  }
}

/** The log as it was seen, and between its events those that it showed too shortly. */
function withHistory(inLog: readonly LoadEvent[], inHistory: readonly LoadEvent[]): LoadEvent[] {
  const seen = new Set(inLog.map(({ id }) => id));
  const missed = inHistory.filter(({ id }) => !seen.has(id));
  const all: LoadEvent[] = [];
  let next = 0;
  for (const event of inLog) {
    for (; (missed[next]?.id ?? Number.POSITIVE_INFINITY) < event.id; next += 1) all.push(...missed.slice(next, next + 1));
    all.push(event);
  }
  return [...all, ...missed.slice(next)];
}
