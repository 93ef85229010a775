/** All sockets of one worker, and what is done with many of them at once. */
import { setTimeout as delay } from "node:timers/promises";
import { Sends } from "../ledger/sends.ts";
import { Accounts } from "./accounts.ts";
import { nowUs } from "./clock.ts";
import { DIALECTS, type DialectName } from "./dialects.ts";
import { LoadClient, type Surroundings } from "./load-client.ts";
import type { Road } from "./load-connection.ts";
import type { ConnectPlan, PlayPlan, WorkerPlan } from "./orders.ts";
import { pace } from "./pacer.ts";
import type { Schedule } from "./schedule.ts";
import { Tally } from "./tally.ts";
import type { Act, Timeline } from "./timeline.ts";
import { takeTokens } from "./tokens.ts";

const CHUNK_BYTES = 256 * 1024;
const LATE_US = 100_000;
const SWEEP_MS = 1_000;
const LOOK_MS = 20;

interface Way {
  readonly roads: readonly Road[];
  readonly dialect: DialectName | undefined;
  readonly session: number | undefined;
}

export class Crowd {
  readonly tally = new Tally();
  readonly sends = new Sends();
  accounts: Accounts;
  readonly #plan: WorkerPlan;
  readonly #clients: LoadClient[] = [];
  readonly #tokens: string[] = [];
  readonly #around: Surroundings;
  readonly #ending = new AbortController();
  readonly #sweeping: NodeJS.Timeout;

  constructor(plan: WorkerPlan) {
    this.#plan = plan;
    this.accounts = new Accounts(plan.run, plan.sockets);
    this.#around = {
      run: plan.run,
      chunk: Buffer.allocUnsafeSlow(CHUNK_BYTES),
      tally: this.tally,
      sends: this.sends,
      accounts: this.accounts,
    };
    this.#sweeping = setInterval(() => this.#sweep(), SWEEP_MS);
  }

  /** Before a ramp, so that it is not held up by signing. */
  async prepare(count: number): Promise<void> {
    const known = this.#tokens.length;
    if (known + count > this.#plan.sockets) throw new RangeError(`this worker was planned for ${this.#plan.sockets} sockets`);
    this.#tokens.push(...(await takeTokens(this.#plan.tokens, this.#plan.first + known, count)));
  }

  /** Resolves when the last has begun. */
  async connect(plan: ConnectPlan, startUs: number): Promise<void> {
    const begun = this.#clients.length;
    const timeOf = (i: number) => startUs + (i * 1_000_000) / plan.perSecond;
    await pace({ count: plan.count, timeOf, act: (i) => this.#add(plan, begun + i).connect() }, this.#ending.signal);
  }

  /** Resolves when the last was due. */
  async send({ offsetsUs, senders, bytes }: Schedule, startUs: number): Promise<void> {
    const timeOf = (i: number) => startUs + (offsetsUs[i] ?? 0);
    const act = (i: number, dueUs: number) => {
      if (nowUs() - dueUs > LATE_US) this.tally.counts.sentLate += 1;
      this.#clients[(senders[i] ?? 0) - this.#plan.first]?.speak(dueUs, bytes[i] ?? 0);
    };
    await pace({ count: offsetsUs.length, timeOf, act }, this.#ending.signal);
  }

  /** Resolves when the last act was due. */
  async play(timeline: Timeline, plan: PlayPlan, startUs: number): Promise<void> {
    this.#seat(timeline, plan);
    const timeOf = (i: number) => startUs + (timeline[i]?.atMs ?? 0) * 1_000;
    const act = (i: number, dueUs: number) => {
      const planned = timeline[i];
      if (planned !== undefined) this.#do(planned, dueUs);
    };
    await pace({ count: timeline.length, timeOf, act }, this.#ending.signal);
  }

  /** Of those that are there, a share taken evenly from the whole length of the list. */
  drop(share: number): void {
    const there = this.#clients.filter(({ state }) => state !== "gone");
    for (const [i, client] of there.entries()) if (Math.floor((i + 1) * share) > Math.floor(i * share)) client.drop();
  }

  /** Resolves when every socket that has begun is in, or gone for good. */
  async settled(): Promise<void> {
    const { states } = this.tally;
    await this.#until(() => states.connecting + states.open + states.waiting === 0);
  }

  /** Resolves when no message waits for its answer; those of sockets that are gone wait no more. */
  async answered(): Promise<void> {
    await this.#until(() => this.#clients.every((client) => client.state === "gone" || client.sayings.count === 0));
  }

  /** Nothing further is said; why something has no answer is told where that is known. */
  giveUpSaying(): void {
    const us = nowUs();
    for (const client of this.#clients) client.sayings.giveUp(us);
  }

  /** Another run with the same sockets, where they stand: the account of the last one is given away before. */
  renew(run: number): void {
    const before = this.accounts;
    this.accounts = new Accounts(run, this.#plan.sockets);
    this.#around.run = run;
    this.#around.accounts = this.accounts;
    for (const [account, client] of this.#clients.entries()) client.renew(before.position(account));
  }

  /** Everything ends. */
  close(): void {
    this.#ending.abort();
    clearInterval(this.#sweeping);
    for (const client of this.#clients) client.leave();
  }

  #add({ roads, dialects, sessions }: ConnectPlan, account: number): LoadClient {
    const sender = this.#plan.first + account;
    const dialect = dialects[sender % dialects.length];
    const session = sessions[Math.floor(sender / dialects.length) % sessions.length];
    return this.#addTo({ roads, dialect, session }, account);
  }

  /** Those that the timeline connects, in the order of their numbers: they are there before their time comes. */
  #seat(timeline: Timeline, { roads, sessions }: PlayPlan): void {
    const joins = timeline.filter((act) => act.does === "connect").toSorted((a, b) => a.socket - b.socket);
    for (const { socket, room, version } of joins) {
      if (socket !== this.#plan.first + this.#clients.length) throw new RangeError(`socket ${socket} is not the next one`);
      this.#addTo({ roads, session: sessions[room], dialect: version === 1 ? "v1" : "v2" }, this.#clients.length);
    }
  }

  #do(act: Act, dueUs: number): void {
    const client = this.#clients[act.socket - this.#plan.first];
    if (client === undefined) return;
    if (act.does === "say" && nowUs() - dueUs > LATE_US) this.tally.counts.sentLate += 1;
    if (act.does === "connect") client.connect();
    else if (act.does === "say") client.speak(dueUs, act.words);
    else if (act.does === "like") client.like(act.of);
    else if (act.does === "drop") client.drop();
    else client.leave();
  }

  #addTo({ roads, dialect, session }: Way, account: number): LoadClient {
    const sender = this.#plan.first + account;
    const token = this.#tokens[account];
    if (dialect === undefined || session === undefined || token === undefined)
      throw new RangeError("a socket without dialect, session or token");
    const { localAddresses } = this.#plan;
    const client = new LoadClient(
      {
        sender,
        account,
        seat: { token, session },
        dialect: DIALECTS[dialect],
        roads,
        localAddress: localAddresses[account % Math.max(1, localAddresses.length)],
      },
      this.#around,
    );
    this.#clients.push(client);
    return client;
  }

  async #until(isMet: () => boolean): Promise<void> {
    while (!isMet() && !this.#ending.signal.aborted) await delay(LOOK_MS);
  }

  #sweep(): void {
    const us = nowUs();
    for (const client of this.#clients) client.checkTimeout(us);
  }
}
