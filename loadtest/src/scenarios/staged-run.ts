/** What every run over sockets has besides its own course: the fleet, the ledger, the curves, the phases. */
import { constants, setPriority } from "node:os";
import { sessionRoom } from "@drawchat/protocol/ids";
import { sleep } from "@drawchat/runtime/backoff";
import { createLog } from "@drawchat/runtime/log";
import { Fleet } from "../generator/fleet.ts";
import type { FleetTotals } from "../generator/fleet-totals.ts";
import { LATENCIES } from "../generator/latency.ts";
import type { WorkerReport } from "../generator/orders.ts";
import { takeTokens } from "../generator/tokens.ts";
import type { Certificate } from "../ledger/certificate.ts";
import { Ledger } from "../ledger/ledger.ts";
import { type Collected, type Collector, type ProcessToWatch, startCollector } from "../report/collector.ts";
import { LatencyCurves } from "../report/latency-curves.ts";
import type { RunReport } from "../report/run-report.ts";
import type { Target } from "../target/target.ts";
import { PhaseMeter } from "./phase-meter.ts";

/** Where a scenario runs, and whom it tells. */
export interface Stage {
  readonly target: Target;
  /** A line that stays. */
  readonly onProgress: (what: string) => void;
  /** Told once a second how things stand: one line, which the next one replaces. */
  readonly onLive?: ((what: string) => void) | undefined;
  /** Aborted: a run that has periods ends with the one under way. */
  readonly ending?: AbortSignal;
}

export interface Certified {
  readonly certificate: Certificate;
  /** Whether all had come by then. */
  readonly hasSettled: boolean;
  /** That not all had come; hops that could not be read, and why. */
  readonly notes: readonly string[];
}

/** How a run stood when it ended, and what was collected beside it. */
export interface RunEnd extends Pick<FleetTotals, "counts" | "states" | "health" | "named">, Pick<RunReport, "latencies" | "steps"> {
  readonly target: Target;
  readonly startedAt: Date;
  readonly seconds: number;
  readonly collected: Collected;
}

/** The command's own process, in curves. */
export const SELF = "load";
const SELF_EVERY_MS = 1_000;
const SOCKETS_EVERY_MS = 250;
/** Answers take this long at most: what has none then is lost, or unanswered where its connection ended. */
const ANSWERS_WITHIN_MS = 30_000;
const JOINS_WITHIN_MS = 60_000;

interface Parts {
  readonly fleet: Fleet;
  readonly ledger: Ledger;
  readonly collector: Collector;
  readonly processes: readonly ProcessToWatch[];
}

export class StagedRun {
  readonly target: Target;
  readonly startedAt = new Date();
  readonly fleet: Fleet;
  readonly collector: Collector;
  /** All that is watched but this process. */
  readonly processes: readonly ProcessToWatch[];
  readonly #meter = new PhaseMeter();
  readonly #latencies: LatencyCurves;
  #ledger: Ledger;
  readonly #beganMs = performance.now();
  readonly #looking: readonly NodeJS.Timeout[];
  readonly #onLive: Stage["onLive"];
  #lastDeliveries = 0;

  private constructor({ target, onLive }: Stage, parts: Parts) {
    this.target = target;
    this.fleet = parts.fleet;
    this.collector = parts.collector;
    this.processes = parts.processes;
    this.#latencies = new LatencyCurves(parts.collector);
    this.#ledger = parts.ledger;
    this.#onLive = onLive;
    this.#looking = [
      setInterval(() => this.#lookAtSelf(), SELF_EVERY_MS).unref(),
      setInterval(() => this.#lookAtSockets(), SOCKETS_EVERY_MS).unref(),
    ];
  }

  /** Watches everything that it can when it resolves. `sockets`: all that the run opens. The caller finishes it. */
  static async start(stage: Stage, sockets: number): Promise<StagedRun> {
    const { target } = stage;
    // The ledger needs the number of the run, and nothing is sent before it is there.
    let ledger: Ledger | undefined;
    let staged: StagedRun | undefined;
    const fleet = await Fleet.start({
      sockets,
      tokens: target.tokens,
      isLocal: target.isLocal,
      onReport: (report) => {
        if (staged !== undefined) staged.#add(report);
      },
    });
    try {
      if (target.isLocal) favour(fleet.pids);
      ledger = await startLedger(target, fleet.run);
      const processes = [...target.processes, ...fleet.pids.map((pid, i) => ({ name: `generator-${i + 1}`, pid }))];
      const { redisUrl, databaseUrl } = target;
      const collector = await startCollector({
        processes,
        ...(redisUrl === undefined ? {} : { redisUrl }),
        ...(databaseUrl === undefined ? {} : { databaseUrl }),
      });
      staged = new StagedRun(stage, { fleet, ledger, collector, processes });
      return staged;
    } catch (error) {
      await Promise.all([fleet.finish(), ledger?.stop()]);
      throw error;
    }
  }

  get seconds(): number {
    return (performance.now() - this.#beganMs) / 1_000;
  }

  /** A phase ends and the next begins; its row in the report. `more` goes into it: the same names in each. */
  endPhase(name: string, more?: Record<string, number>): RunReport["steps"][number] {
    return this.#meter.end(name, this.fleet, more);
  }

  /** Waits for what is on its way, then says what became of all that was sent. Sockets stay. */
  async certify(): Promise<Certified> {
    await this.answered();
    const hasSettled = await this.#ledger.settle((room, upto) => this.fleet.lagging(room, upto));
    const certificate = await this.#ledger.finish(await this.fleet.account());
    return { certificate, hasSettled, notes: this.#ledger.notes };
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

  /** Finishes, and tells how everything stood before. */
  async end(): Promise<RunEnd> {
    const { fleet, target, startedAt, seconds } = this;
    const { counts, states, health, named } = fleet.totals;
    const latencies = LATENCIES.map((name) => fleet.totals.latency(name));
    return {
      counts,
      states,
      health,
      named,
      latencies,
      steps: this.#meter.steps,
      target,
      startedAt,
      seconds,
      collected: await this.finish(),
    };
  }

  /** Safe to call again, and after a failure. */
  async finish(): Promise<Collected> {
    for (const look of this.#looking) clearInterval(look);
    await this.fleet.finish();
    await this.#ledger.stop();
    return await this.collector.stop();
  }

  /** By itself: seen from outside, the processes that it started count as its own. */
  #lookAtSelf(): void {
    this.collector.note("memory", SELF, "bytes", process.memoryUsage.rss());
    this.#onLive?.(this.#live());
  }

  #lookAtSockets(): void {
    const { joined } = this.fleet.totals.states;
    this.#meter.noteJoined(joined);
    this.collector.note("connections", "joined", "sockets", joined);
  }

  #live(): string {
    const { states, counts } = this.fleet.totals;
    const perSecond = ((counts.deliveries - this.#lastDeliveries) * 1_000) / SELF_EVERY_MS;
    this.#lastDeliveries = counts.deliveries;
    const numbers = new Intl.NumberFormat("en");
    const away = states.connecting + states.open + states.waiting;
    return `${numbers.format(states.joined)} sockets in, ${numbers.format(away)} on their way, ${numbers.format(perSecond)} deliveries/s`;
  }

  #add(report: WorkerReport): void {
    this.#ledger.addSends(report.sends);
    this.#latencies.add(report.tally.latencies);
    this.#meter.add(report);
  }
}

/** A run ends also where a chat hangs. */
async function atMost(done: Promise<void>, ms: number): Promise<void> {
  const ending = new AbortController();
  await Promise.race([done, sleep(ms, ending.signal)]).finally(() => ending.abort());
}

/**
 * A generator stands for machines elsewhere: beside the servers it goes first, or its messages would be late because they are
 * busy. What it takes is missing to them. Only root may do it; for anybody else they share, and a late run is void.
 */
function favour(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      setPriority(pid, constants.priority.PRIORITY_HIGH);
    } catch {
      return;
    }
  }
}

async function startLedger(target: Target, run: number): Promise<Ledger> {
  const { sessions, redisUrl, databaseUrl, gateways, apiUrl, tokens } = target;
  const rooms = sessions.map(sessionRoom);
  const [token = ""] = databaseUrl === undefined ? await takeTokens(tokens, 0, 1) : [];
  const history = { url: apiUrl, token };
  return await Ledger.start({ run, rooms, log: createLog("load", "error"), redisUrl, databaseUrl, history, gateways });
}
