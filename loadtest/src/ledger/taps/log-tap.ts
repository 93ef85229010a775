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
import { decodePublication } from "@drawchat/redis/publication";
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
  /** Stream id of the last publication read. */
  historyUpto: string;
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
    this.#rooms = new Map(rooms.map((room) => [room, { inLog: [], inHistory: [], historyUpto: "-" }]));
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

  /** The highest id that was logged of a room; 0 where none was. */
  upto(room: RoomName): number {
    const { inLog, inHistory } = this.#rooms.get(room) ?? { inLog: [], inHistory: [] };
    return Math.max(inLog.at(-1)?.id ?? 0, inHistory.at(-1)?.id ?? 0);
  }

  /** True where Postgres has everything of these rooms' partitions, by the log. Rejects where Redis is away. */
  async isEmpty(): Promise<boolean> {
    const lengths = await Promise.all(this.#partitions.map(({ partition }) => this.#redis.xlen(keys.log(partition))));
    return lengths.every((length) => length === 0);
  }

  /** Reads what the history has beyond, and ends. Rejects where that cannot be read: then nobody knows what was logged. */
  async finish(): Promise<void> {
    for (const room of this.#rooms.keys()) await this.#readHistory(room);
    await this.stop();
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    for (const { blocking } of this.#partitions) blocking.disconnect();
    await this.#loops;
    this.#redis.disconnect();
  }

  async #followLog(partition: number, blocking: RedisClient): Promise<void> {
    let after = "0";
    await this.#untilEnd(async () => {
      const reply = await blocking.xreadBuffer("COUNT", ENTRIES_A_READ, "BLOCK", BLOCK_MS, "STREAMS", keys.log(partition), after);
      for (const [, entries] of reply ?? []) {
        for (const [id, fields] of entries) {
          after = id.toString("latin1");
          for (const { room, kind, id: eventId, body } of decodeEntry(after, fields).events) {
            const event = kind === "m" ? this.#read(eventId, body) : undefined;
            if (event !== undefined) this.#rooms.get(room)?.inLog.push(event);
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
        for (const { kind, id: eventId, start, end } of publication.events) {
          const event = kind === "m" ? this.#read(eventId, publication.bytes.subarray(start, end)) : undefined;
          if (event !== undefined) sightings.inHistory.push(event);
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

  #read(id: number, body: Buffer): LoadEvent | undefined {
    const message = parseLoadText(body.toString("latin1"));
    return message?.run === this.#run ? { id, sender: message.sender, n: message.n } : undefined;
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
