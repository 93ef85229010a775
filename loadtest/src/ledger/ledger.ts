/**
 * The ledger of a run: watches every hop that can be watched from here while the run goes on, and ends it with a certificate.
 *
 *     const ledger = await Ledger.start({ … });      before the first message
 *     ledger.addSends(report.sends);                 with every report of a worker
 *     await ledger.settle((room, upto) => …);        when the last message was answered
 *     const certificate = await ledger.finish(receipts);
 */
import { firstIdOfMs, idTimeMs, type RoomName } from "@drawchat/protocol/ids";
import { sleep } from "@drawchat/runtime/backoff";
import type { Log } from "@drawchat/runtime/log";
import type { Certificate } from "./certificate.ts";
import { certifyRoom } from "./certify.ts";
import type { LoadEvent } from "./event-list.ts";
import type { GatewayTrail, RoomObservations } from "./observations.ts";
import type { ReceiptsReport } from "./receipts-report.ts";
import { ACK_SKIPPED, type RoomSends } from "./sends.ts";
import { HistoryTap, type HistoryTapOptions } from "./taps/history-tap.ts";
import { LogTap } from "./taps/log-tap.ts";
import { TableTap } from "./taps/table-tap.ts";
import { TrailTap, type WatchedGateway } from "./taps/trail-tap.ts";

export interface LedgerOptions {
  run: number;
  rooms: readonly RoomName[];
  log: Log;
  /** Absent: nobody sees what is logged. */
  redisUrl?: string | undefined;
  /** Absent: what is stored is asked for over REST, where `history` is given. */
  databaseUrl?: string | undefined;
  history?: Omit<HistoryTapOptions, "run"> | undefined;
  /** Those that run with GATEWAY_TRAIL_EVENTS; others are passed over. */
  gateways?: readonly WatchedGateway[] | undefined;
}

/** How many sockets of a room have not come to a place of its sequence. */
export type CountLagging = (room: RoomName, upto: number) => Promise<number>;

const SETTLE_WITHIN_MS = 20_000;
const SETTLE_LOOK_MS = 100;
/** Messages of version 1 have no ack, and may be older than the first that has one. */
const HISTORY_MARGIN_MS = 60_000;

interface RoomAccount {
  readonly sends: RoomSends[];
  /** Highest id that a sender was told, and that is to be shown. */
  ackedUpto: number;
  /** Lowest id that a sender was told. */
  ackedFrom: number;
}

interface Taps {
  readonly log: LogTap | undefined;
  readonly table: TableTap | undefined;
  readonly history: HistoryTap | undefined;
  readonly trails: readonly TrailTap[];
}

/** Read to the end. */
interface Seen {
  readonly log: LogTap | undefined;
  readonly trails: readonly GatewayTrail[];
  readonly receipts: readonly ReceiptsReport[];
}

export class Ledger {
  readonly #run: number;
  readonly #accounts: ReadonlyMap<RoomName, RoomAccount>;
  readonly #taps: Taps;
  readonly #notes: string[] = [];

  private constructor(run: number, rooms: readonly RoomName[], taps: Taps) {
    this.#run = run;
    this.#accounts = new Map(rooms.map((room) => [room, { sends: [], ackedUpto: 0, ackedFrom: Number.POSITIVE_INFINITY }]));
    this.#taps = taps;
  }

  /** Rejects where something that is to be watched is not there. */
  static async start(options: LedgerOptions): Promise<Ledger> {
    const { run, rooms, log, redisUrl, databaseUrl, history, gateways = [] } = options;
    const taps = {
      log: redisUrl === undefined ? undefined : new LogTap({ run, rooms, url: redisUrl, log }),
      table: databaseUrl === undefined ? undefined : new TableTap({ run, rooms, url: databaseUrl }),
      history: databaseUrl === undefined && history !== undefined ? new HistoryTap({ run, ...history }) : undefined,
      trails: gateways.flatMap((gateway) => rooms.map((room) => new TrailTap(gateway, room))),
    };
    try {
      await Promise.all([taps.log?.start(), taps.table?.start()]);
      const haveTrails = await Promise.all(taps.trails.map((trail) => trail.start()));
      return new Ledger(run, rooms, { ...taps, trails: taps.trails.filter((_, i) => haveTrails[i]) });
    } catch (error) {
      await stopTaps(taps);
      throw error;
    }
  }

  /** What a worker's senders did since its last report. Rooms that are not watched are passed over. */
  addSends(reports: readonly RoomSends[]): void {
    for (const report of reports) {
      const account = [...this.#accounts].find(([room]) => room === report.room)?.[1];
      if (account === undefined) continue;
      account.sends.push(report);
      for (let i = 0; i + 3 < report.acks.length; i += 4) {
        account.ackedFrom = Math.min(account.ackedFrom, report.acks[i + 2] ?? 0);
        if (((report.acks[i + 3] ?? 0) & ACK_SKIPPED) === 0) account.ackedUpto = Math.max(account.ackedUpto, report.acks[i + 2] ?? 0);
      }
    }
  }

  /**
   * Resolves when all that is known to be accepted has come to every socket, into every trail and into Postgres; false where
   * it did not within 20 s: then the certificate will say what is missing, and a note that it may only be late.
   */
  async settle(lagging: CountLagging, withinMs = SETTLE_WITHIN_MS): Promise<boolean> {
    const deadlineMs = performance.now() + withinMs;
    for (;;) {
      if (await this.#isSettled(lagging)) return true;
      if (performance.now() > deadlineMs) break;
      await sleep(SETTLE_LOOK_MS);
    }
    this.#notes.push(
      `not everything had come within ${withinMs / 1_000} s of the last answer: what was missing then is in the certificate`,
    );
    return false;
  }

  /** That not all had come; what could not be read at the end, and why: these hops are not watched. */
  get notes(): readonly string[] {
    return this.#notes;
  }

  /** Ends the watch. A hop that cannot be read to its end is not watched, and `notes` says so: of the others there is a certificate. */
  async finish(receipts: readonly ReceiptsReport[]): Promise<Certificate> {
    const { log, trails } = this.#taps;
    try {
      const logTap = await this.#readOr("the log", async () => {
        await log?.finish();
        return log;
      });
      const told = await Promise.all(trails.map(async (tap) => ({ room: tap.room, trail: await tap.finish() })));
      const observations: RoomObservations[] = [];
      for (const room of this.#accounts.keys()) {
        const trailsOfRoom = told.filter((one) => one.room === room).map(({ trail }) => trail);
        observations.push(await this.#observe(room, { log: logTap, trails: trailsOfRoom, receipts }));
      }
      return certify(this.#run, observations, receipts);
    } finally {
      await stopTaps(this.#taps);
    }
  }

  /** Ends the watch without a certificate. Safe to call again. */
  async stop(): Promise<void> {
    await stopTaps(this.#taps);
  }

  async #isSettled(lagging: CountLagging): Promise<boolean> {
    const { log, trails } = this.#taps;
    if (log !== undefined && !(await log.isStored().catch(() => false))) return false;
    for (const [room, { ackedUpto }] of this.#accounts) {
      const upto = Math.max(ackedUpto, log?.upto(room) ?? 0);
      if (trails.some((trail) => trail.room === room && !trail.isAt(upto))) return false;
      if ((await lagging(room, upto)) > 0) return false;
    }
    return true;
  }

  /** Undefined where it cannot be read: one hop less is no reason to lose what a run of hours showed at the others. */
  async #readOr<T>(hop: string, read: () => Promise<T>): Promise<T | undefined> {
    try {
      return await read();
    } catch (error) {
      this.#notes.push(`${hop} could not be read to its end and is not watched: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }

  async #observe(room: RoomName, { log, trails, receipts }: Seen): Promise<RoomObservations> {
    const { table } = this.#taps;
    const stored = await this.#readOr(`what is stored of room ${room}`, async () => ({
      events: await this.#stored(room),
      deadLetters: await table?.deadLetters(room),
    }));
    return {
      room,
      sends: this.#accounts.get(room)?.sends ?? [],
      logged: log?.logged(room),
      sampled: log?.sampled(room) ?? new Set(),
      trails,
      receipts: receipts.flatMap(({ groups }) => groups.filter((group) => group.room === room)),
      stored: stored?.events,
      deadLetters: stored?.deadLetters ?? new Set(),
    };
  }

  async #stored(room: RoomName): Promise<LoadEvent[] | undefined> {
    const { table, history } = this.#taps;
    const { ackedFrom = 0 } = this.#accounts.get(room) ?? {};
    // A room may have a long past: only its end is read, unless nobody of the run was told where that begins.
    const after = Number.isFinite(ackedFrom) ? firstIdOfMs(idTimeMs(ackedFrom) - HISTORY_MARGIN_MS) : 0;
    return (await table?.stored(room)) ?? (await history?.stored(room, after));
  }
}

async function stopTaps({ log, table, trails }: Taps): Promise<void> {
  await Promise.allSettled([log?.stop(), table?.stop(), ...trails.map((trail) => trail.stop())]);
}

/** The pages of all rooms together. */
export function certify(run: number, observations: readonly RoomObservations[], receipts: readonly ReceiptsReport[]): Certificate {
  const pages = observations.map((seen) => certifyRoom(run, seen));
  const rows = pages.flatMap((page) => page.hops);
  const unreadableFrames = receipts.reduce((sum, { unreadable }) => sum + unreadable, 0);
  return {
    isClean: unreadableFrames === 0 && rows.every(({ lost, doubled, disordered }) => lost + doubled + disordered === 0),
    rooms: pages.map(({ room, hops }) => ({ room, hops })),
    findings: pages.flatMap((page) => page.findings),
    moreFindings: pages.reduce((sum, page) => sum + page.moreFindings, 0),
    ...(unreadableFrames > 0 ? { unreadableFrames } : {}),
  };
}
