/** What every run over sockets has besides its own course: the fleet, the ledger, the curves, and the report of all three. */
import { cpus, release, totalmem } from "node:os";
import { sessionRoom } from "@drawchat/protocol/ids";
import { sleep } from "@drawchat/runtime/backoff";
import { createLog } from "@drawchat/runtime/log";
import { Fleet } from "../generator/fleet.ts";
import type { WorkerReport } from "../generator/orders.ts";
import { NAMED, type NamedCounts } from "../generator/tally.ts";
import { takeTokens } from "../generator/tokens.ts";
import type { Certificate } from "../ledger/certificate.ts";
import { Ledger } from "../ledger/ledger.ts";
import { type Collected, type Collector, startCollector } from "../report/collector.ts";
import { LatencyCurves } from "../report/latency-curves.ts";
import type { RunReport } from "../report/run-report.ts";
import type { Target } from "../target/target.ts";

export interface StagedOptions {
  readonly target: Target;
  /** All that the run opens. */
  readonly sockets: number;
  readonly onReport?: (report: WorkerReport) => void;
  /** Told once a second how things stand. */
  readonly onLive?: OnLive | undefined;
}

/** One line, which the next one replaces. */
export type OnLive = (what: string) => void;

/** The command's own process, in curves. */
export const SELF = "load";
const SELF_EVERY_MS = 1_000;
/** Answers take this long at most: who still has none then is told as unanswered. */
const ANSWERS_WITHIN_MS = 30_000;
const JOINS_WITHIN_MS = 60_000;

export class StagedRun {
  readonly target: Target;
  readonly startedAt = new Date();
  readonly fleet: Fleet;
  readonly collector: Collector;
  readonly #latencies: LatencyCurves;
  #ledger: Ledger;
  readonly #beganMs = performance.now();
  readonly #lookingAtSelf: NodeJS.Timeout;
  readonly #onLive: OnLive | undefined;
  #lastDeliveries = 0;

  private constructor(target: Target, parts: { fleet: Fleet; ledger: Ledger; collector: Collector; onLive: OnLive | undefined }) {
    this.target = target;
    this.fleet = parts.fleet;
    this.collector = parts.collector;
    this.#latencies = new LatencyCurves(parts.collector);
    this.#ledger = parts.ledger;
    this.#onLive = parts.onLive;
    this.#lookingAtSelf = setInterval(() => this.#lookAtSelf(), SELF_EVERY_MS).unref();
  }

  /** Watches everything that it can when it resolves. The caller finishes it. */
  static async start({ target, sockets, onReport, onLive }: StagedOptions): Promise<StagedRun> {
    // The ledger needs the number of the run, and nothing is sent before it is there.
    let ledger: Ledger | undefined;
    let staged: StagedRun | undefined;
    const fleet = await Fleet.start({
      sockets,
      tokens: target.tokens,
      isLocal: target.isLocal,
      onReport: (report) => {
        if (staged !== undefined) {
          staged.#addSends(report);
          staged.#latencies.add(report.tally.latencies);
        }
        onReport?.(report);
      },
    });
    try {
      ledger = await startLedger(target, fleet.run);
      const generators = fleet.pids.map((pid, i) => ({ name: `generator-${i + 1}`, pid }));
      const { redisUrl, databaseUrl } = target;
      const collector = await startCollector({
        processes: [...target.processes, ...generators],
        ...(redisUrl === undefined ? {} : { redisUrl }),
        ...(databaseUrl === undefined ? {} : { databaseUrl }),
      });
      staged = new StagedRun(target, { fleet, ledger, collector, onLive });
      return staged;
    } catch (error) {
      await Promise.all([fleet.finish(), ledger?.stop()]);
      throw error;
    }
  }

  get seconds(): number {
    return (performance.now() - this.#beganMs) / 1_000;
  }

  /** Waits for what is on its way, then says what became of all that was sent. Sockets stay. */
  async certify(): Promise<{ certificate: Certificate; hasSettled: boolean }> {
    await this.answered();
    const hasSettled = await this.#ledger.settle((room, upto) => this.fleet.lagging(room, upto));
    const certificate = await this.#ledger.finish(await this.fleet.account());
    return { certificate, hasSettled };
  }

  /** Resolves when no message waits for its answer, or none comes for half a minute. */
  async answered(): Promise<void> {
    await atMost(this.fleet.answered(), ANSWERS_WITHIN_MS);
  }

  /** Resolves when everybody who has begun is in or gone for good, or the chat does not let them in for a minute. */
  async settled(): Promise<void> {
    await atMost(this.fleet.settled(), JOINS_WITHIN_MS);
  }

  /** After `certify`: the sockets stay where they are, and a new account of them begins. */
  async beginAgain(): Promise<void> {
    await this.settled();
    await this.fleet.renew();
    this.#ledger = await startLedger(this.target, this.fleet.run);
  }

  /** Safe to call again, and after a failure. */
  async finish(): Promise<Collected> {
    clearInterval(this.#lookingAtSelf);
    await this.fleet.finish();
    await this.#ledger.stop();
    return await this.collector.stop();
  }

  /** By itself: seen from outside, the processes that it started count as its own. */
  #lookAtSelf(): void {
    this.collector.note("memory", SELF, "bytes", process.memoryUsage.rss());
    this.#onLive?.(this.#live());
  }

  #live(): string {
    const { states, counts } = this.fleet.totals;
    const perSecond = ((counts.deliveries - this.#lastDeliveries) * 1_000) / SELF_EVERY_MS;
    this.#lastDeliveries = counts.deliveries;
    const numbers = new Intl.NumberFormat("en");
    const away = states.connecting + states.open + states.waiting;
    return `${numbers.format(states.joined)} sockets in, ${numbers.format(away)} on their way, ${numbers.format(perSecond)} deliveries/s`;
  }

  #addSends({ sends }: WorkerReport): void {
    this.#ledger.addSends(sends);
  }
}

/** A run ends also where a chat hangs. */
async function atMost(done: Promise<void>, ms: number): Promise<void> {
  const ending = new AbortController();
  await Promise.race([done, sleep(ms, ending.signal)]).finally(() => ending.abort());
}

async function startLedger(target: Target, run: number): Promise<Ledger> {
  const { sessions, redisUrl, databaseUrl, gateways, apiUrl, tokens } = target;
  const rooms = sessions.map(sessionRoom);
  const [token = ""] = databaseUrl === undefined ? await takeTokens(tokens, 0, 1) : [];
  const history = { url: apiUrl, token };
  return await Ledger.start({ run, rooms, log: createLog("load", "error"), redisUrl, databaseUrl, history, gateways });
}

/** Where a run was, as every report tells it. */
export function placeOf({ about, changedSettings, versions }: Target): Pick<RunReport, "target" | "machine" | "changedSettings"> {
  const [cpu] = cpus();
  return {
    target: about,
    machine: {
      cpus: cpus().length,
      model: cpu?.model ?? "",
      memoryBytes: totalmem(),
      kernel: release(),
      node: process.version,
      ...versions,
    },
    changedSettings: [...changedSettings],
  };
}

/** Close codes, refusals, errors: what servers and network said, with how often. */
export function namedNotes(named: NamedCounts): string[] {
  return NAMED.flatMap((what) => {
    const counts = Object.entries(named[what]);
    return counts.length === 0 ? [] : [`${what}: ${counts.map(([name, count]) => `${name} ${count} times`).join(", ")}`];
  });
}
