/** The parent's side of the generator: forks workers, spreads sockets and orders over them, adds up what they tell. */
import { randomInt } from "node:crypto";
import type { ReceiptsReport } from "../ledger/receipts-report.ts";
import { nowUs } from "./clock.ts";
import { FleetTotals } from "./fleet-totals.ts";
import type { ConnectPlan, Order, PlayPlan, WorkerReport } from "./orders.ts";
import { type Schedule, scheduleOf } from "./schedule.ts";
import { connectsIn, type Timeline, timelineOf } from "./timeline.ts";
import type { TokenSource } from "./tokens.ts";
import { type Answer, WorkerProcess } from "./worker-process.ts";

export interface FleetOptions {
  /** All that the run will ever open. */
  sockets: number;
  tokens: TokenSource;
  /** Default: one for each 15,000 sockets. */
  workers?: number | undefined;
  /** Whether the servers are on this machine: sockets then come from many addresses of 127.0.0.0/8. */
  isLocal: boolean;
  /** Number of the run; default a random one. */
  run?: number | undefined;
  onReport?: ((report: WorkerReport) => void) | undefined;
}

/** Files of a process are limited to 20,000 on many a machine. */
const SOCKETS_PER_WORKER = 15_000;
/** An address has 28,000 ports, and a gateway takes 200 handshakes a second from one. */
const ADDRESSES_PER_WORKER = 200;
/** Orders take their time to get there: what begins at a time begins so much later. */
const LEAD_US = 50_000;

export class Fleet {
  #run: number;
  readonly totals = new FleetTotals();
  /** Indices of the sockets that have begun, from worker to worker in turn. */
  readonly sockets: number[] = [];
  readonly #workers: WorkerProcess[];
  readonly #perWorker: number;
  readonly #begun: number[] = [];

  private constructor(run: number, perWorker: number, workers: WorkerProcess[]) {
    this.#run = run;
    this.#perWorker = perWorker;
    this.#workers = workers;
  }

  /** Resolves when its processes take orders. They end with this process, whatever ends it. */
  static async start(options: FleetOptions): Promise<Fleet> {
    const { sockets, run = newRun(), workers = Math.ceil(sockets / SOCKETS_PER_WORKER), isLocal, onReport } = options;
    const perWorker = Math.ceil(sockets / workers);
    const processes: WorkerProcess[] = [];
    const fleet = new Fleet(run, perWorker, processes);
    try {
      for (let worker = 0; worker < workers; worker += 1) {
        processes.push(new WorkerProcess((report) => fleet.#onReport(report, onReport)));
        fleet.#begun.push(0);
      }
      await fleet.#askEach((worker) => {
        const first = worker * perWorker;
        const localAddresses = isLocal ? localAddressesOf(worker) : [];
        return { type: "begin", plan: { worker, run, first, sockets: perWorker, tokens: options.tokens, localAddresses } };
      });
      return fleet;
    } catch (error) {
      await fleet.finish();
      throw error;
    }
  }

  /** Number of the run: messages of any other in the same rooms do not count. */
  get run(): number {
    return this.#run;
  }

  get pids(): number[] {
    return this.#workers.map(({ pid }) => pid);
  }

  /** New sockets, at a rate. Resolves when the last was begun; whether they are in, `settled` tells. */
  async connect(plan: ConnectPlan): Promise<void> {
    const shares = this.#workers.map((_, worker) => shareOf(plan.count, worker, this.#workers.length));
    await this.#askEach((worker) => ({ type: "prepare", count: shares[worker] ?? 0 }));
    this.#note(shares);
    const startUs = nowUs() + LEAD_US;
    await this.#askEach((worker) => {
      const count = shares[worker] ?? 0;
      return { type: "connect", plan: { ...plan, count, perSecond: (plan.perSecond * count) / plan.count }, startUs };
    });
  }

  /** Says what is planned, each at its time from `startUs` on (default: at once). Resolves when the last was due. */
  async send(schedule: Schedule, startUs = nowUs() + LEAD_US): Promise<void> {
    await this.#askEach((worker) => {
      return { type: "send", schedule: scheduleOf(schedule, worker * this.#perWorker, this.#perWorker), startUs };
    });
  }

  /**
   * Does what is planned, each at its time from `startUs` on (default: at once). Resolves when the last was due. A timeline that
   * connects sockets numbers them without a gap behind those that there are; they are spread over the workers by their numbers.
   */
  async play(timeline: Timeline, plan: PlayPlan, startUs?: number): Promise<void> {
    const parts = this.#workers.map((_, worker) => timelineOf(timeline, worker * this.#perWorker, this.#perWorker));
    const counts = parts.map(connectsIn);
    await this.#askEach((worker) => ({ type: "prepare", count: counts[worker] ?? 0 }));
    this.#note(counts);
    const start = startUs ?? nowUs() + LEAD_US;
    await this.#askEach((worker) => ({ type: "play", timeline: parts[worker] ?? [], plan, startUs: start }));
  }

  /** Cuts a share of the sockets off, chosen evenly; they come back by themselves, resuming where they were. */
  async drop(share: number): Promise<void> {
    await this.#askEach(() => ({ type: "drop", share }));
  }

  /** Resolves when every socket that was begun is in, or gone for good. */
  async settled(): Promise<void> {
    await this.#askEach(() => ({ type: "settle" }));
  }

  /** Resolves when no message waits for its answer. */
  async answered(): Promise<void> {
    await this.#askEach(() => ({ type: "answered" }));
  }

  /** The measured time begins: whether the generator itself was at its limit is judged from here on. */
  async measure(): Promise<void> {
    await this.#askEach(() => ({ type: "measure" }));
  }

  /** How many sockets of a room have not come to this place of its sequence. */
  async lagging(room: string, upto: number): Promise<number> {
    const answers = await this.#askEach(() => ({ type: "lagging", room, upto }));
    return answers.reduce((sum, { number = 0 }) => sum + number, 0);
  }

  /** Nothing is said any more; what each worker's sockets received, in the order of workers. */
  async account(): Promise<ReceiptsReport[]> {
    const answers = await this.#askEach(() => ({ type: "account" }));
    return answers.flatMap(({ receipts }) => (receipts === undefined ? [] : [receipts]));
  }

  /**
   * Begins another run with the same sockets, where they stand: what was received until now is forgotten. To be called when
   * nothing is on its way: after `account`.
   */
  async renew(run = newRun()): Promise<void> {
    await this.#askEach(() => ({ type: "renew", run }));
    this.#run = run;
  }

  /** Closes everything and ends the processes. Safe to call again. */
  async finish(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.stop()));
  }

  async #askEach(orderOf: (worker: number) => Order): Promise<Answer[]> {
    return await Promise.all(this.#workers.map((worker, i) => worker.ask(orderOf(i))));
  }

  #onReport(report: WorkerReport, onReport: FleetOptions["onReport"]): void {
    this.totals.add(report);
    onReport?.(report);
  }

  #note(shares: readonly number[]): void {
    const most = Math.max(...shares);
    for (let i = 0; i < most; i += 1) {
      for (const [worker, share] of shares.entries()) {
        if (i < share) this.sockets.push(worker * this.#perWorker + (this.#begun[worker] ?? 0) + i);
      }
    }
    for (const [worker, share] of shares.entries()) this.#begun[worker] = (this.#begun[worker] ?? 0) + share;
  }
}

function newRun(): number {
  return randomInt(1, 2 ** 32 - 1);
}

function shareOf(count: number, worker: number, workers: number): number {
  return Math.floor((count * (worker + 1)) / workers) - Math.floor((count * worker) / workers);
}

/** Only Linux takes every address of 127.0.0.0/8 for its own. 127.0.0.x is left to others. */
function localAddressesOf(worker: number): string[] {
  if (process.platform !== "linux") return [];
  return Array.from({ length: ADDRESSES_PER_WORKER }, (_, i) => `127.0.${1 + (worker % 250)}.${1 + i}`);
}
