/**
 * One socket of a run and its way: it connects, joins, listens, speaks, and comes back like a real client when it is left: at once
 * where the server says so, else after a delay that doubles, with full jitter. States: ClientState (tally.ts).
 */
import { CLOSE, mayReconnect } from "@drawchat/protocol/errors";
import { sessionRoom } from "@drawchat/protocol/ids";
import type { Sends } from "../ledger/sends.ts";
import type { Accounts } from "./accounts.ts";
import { nowUs } from "./clock.ts";
import type { Dialect, Seat, Since, Speaker } from "./dialect.ts";
import { type ConnectionEnd, type ConnectionOwner, LoadConnection, type Road } from "./load-connection.ts";
import { OpenSayings } from "./open-sayings.ts";
import type { ClientState, Tally } from "./tally.ts";
import type { SayingName } from "./timeline.ts";

/** What all sockets of a worker share. */
export interface Surroundings {
  /** Another one in each period of a long run. */
  run: number;
  /** Everything that comes is read into it, for whichever socket: it is used up before the next read. */
  readonly chunk: Buffer;
  readonly tally: Tally;
  readonly sends: Sends;
  accounts: Accounts;
}

export interface ClientPlan {
  /** Its index in the run: the `sender` of its messages. */
  readonly sender: number;
  /** Its number in the worker's accounts. */
  readonly account: number;
  readonly seat: Seat;
  readonly dialect: Dialect;
  /** Taken in turn where one leads nowhere. */
  readonly roads: readonly Road[];
  readonly localAddress: string | undefined;
}

const BACKOFF_BASE_MS = 500;
const BACKOFF_CAP_MS = 30_000;
/** A socket that was in for so long starts the backoff anew. */
const STABLE_US = 5_000_000;
/** From the first packet until it is in. */
const JOIN_TIMEOUT_US = 20_000_000;

export class LoadClient implements ConnectionOwner, Speaker {
  readonly seat: Seat;
  readonly room: string;
  readonly #plan: ClientPlan;
  readonly #around: Surroundings;
  sayings: OpenSayings;
  #state: ClientState = "idle";
  #connection: LoadConnection | undefined;
  #road = 0;
  #attempts = 0;
  #epoch = "";
  #since: Since | undefined;
  #connectedUs = 0;
  #joinedUs = 0;
  /** When it lost its place; 0 before its first join. */
  #lostUs = 0;
  #comeBackMs: number | undefined;
  #isLeaving = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(plan: ClientPlan, around: Surroundings) {
    this.#plan = plan;
    this.#around = around;
    this.seat = plan.seat;
    this.room = sessionRoom(plan.seat.session);
    this.#road = plan.sender % plan.roads.length;
    this.sayings = this.#newSayings();
    around.tally.states.idle += 1;
  }

  get state(): ClientState {
    return this.#state;
  }

  get roadName(): string {
    return this.#currentRoad.name;
  }

  get since(): Since | undefined {
    return this.#since;
  }

  connect(): void {
    const { localAddress, seat, dialect } = this.#plan;
    this.#move("connecting");
    this.#connectedUs = nowUs();
    const { chunk } = this.#around;
    this.#connection = new LoadConnection({ road: this.#currentRoad, localAddress, handshake: dialect.handshake(seat), chunk }, this);
  }

  /** Cut off, as by a network that went away: it comes back by itself. */
  drop(): void {
    if (this.#connection === undefined) return;
    this.#around.tally.counts.dropped += 1;
    this.#connection.cut();
  }

  /** Leaves for good, with a goodbye. */
  leave(): void {
    this.#isLeaving = true;
    clearTimeout(this.#timer);
    if (this.#connection === undefined) this.#move("gone");
    else this.#connection.leave();
  }

  /** A message, whose intended time is `sentUs`; `wording` is the length of its text, or its words. */
  speak(sentUs: number, wording: number | string): void {
    this.sayings.say(sentUs, wording, this.#state === "joined");
  }

  /** Of the session, or of a message whose id is known by now. */
  like(of: SayingName | undefined): void {
    const { accounts, tally } = this.#around;
    const id = of === undefined ? undefined : accounts.idOf(this.room, of.sender, of.n);
    const canLike = this.#state === "joined" && (of === undefined || id !== undefined);
    const frame = canLike ? this.#plan.dialect.likeFrame?.(id) : undefined;
    tally.counts[frame === undefined ? "unsentLikes" : "likes"] += 1;
    if (frame !== undefined) this.say(frame);
  }

  /** Another run begins: what was said is forgotten, and the account goes on from where it stood. */
  renew(position: number | undefined): void {
    this.sayings = this.#newSayings();
    const { account, dialect } = this.#plan;
    if (this.#connection?.isUpgraded === true)
      this.#around.accounts.begin(account, { room: this.room, gateway: this.roadName, dialect }, position);
  }

  /** Gives up what takes too long to join. */
  checkTimeout(us: number): void {
    if ((this.#state !== "connecting" && this.#state !== "open") || us - this.#connectedUs < JOIN_TIMEOUT_US) return;
    this.#connection?.giveUp("not in within 20 s");
  }

  // ---- Speaker: what the dialect does --------------------------------------------------------------------------------

  say(text: string): void {
    this.#connection?.send(text);
  }

  joined(epoch = ""): void {
    this.#epoch = epoch;
    if (this.#state !== "joined") {
      const { tally } = this.#around;
      const isFirst = this.#lostUs === 0;
      this.#joinedUs = nowUs();
      tally.time(isFirst ? "join" : "rejoin", this.#joinedUs - (isFirst ? this.#connectedUs : this.#lostUs));
      tally.counts[isFirst ? "joins" : "rejoins"] += 1;
      this.#move("joined");
    }
    this.sayings.sayAgain();
  }

  account(frame: Buffer): void {
    const { accounts, tally } = this.#around;
    const { events, oldestSentUs } = accounts.onFrame(this.#plan.account, this.#plan.dialect, frame);
    if (events === 0) return;
    tally.counts.deliveries += events;
    tally.counts.deliveredFrames += 1;
    tally.time("delivery", nowUs() - oldestSentUs, events);
  }

  acked(clientId: string, id: number, how: { isDuplicate: boolean; isSkipped: boolean }): void {
    const { tally } = this.#around;
    const sentUs = this.sayings.acked(clientId, id, how);
    if (sentUs === undefined) return;
    tally.counts.acked += 1;
    if (how.isDuplicate) tally.counts.duplicates += 1;
    if (how.isSkipped) tally.counts.skipped += 1;
    tally.time("ack", nowUs() - sentUs);
  }

  refused(code: string, clientId: string | undefined, retryAfterMs: number | undefined): void {
    this.#around.tally.note("errors", code);
    this.sayings.refused(code, clientId, retryAfterMs);
  }

  comeBackIn(ms: number): void {
    this.#comeBackMs = ms;
  }

  // ---- ConnectionOwner: what comes -----------------------------------------------------------------------------------

  onBytes(length: number): void {
    this.#around.tally.counts.bytes += length;
  }

  onText(payload: Buffer): void {
    this.#around.tally.counts.frames += 1;
    this.#plan.dialect.onText(this, payload);
  }

  onUpgraded(): void {
    const { account, dialect } = this.#plan;
    const { accounts } = this.#around;
    const position = dialect.account === "ledger" && dialect.version === 2 && this.#epoch !== "" ? accounts.position(account) : undefined;
    this.#since = position === undefined ? undefined : { epoch: this.#epoch, id: position };
    this.#move("open");
    accounts.begin(account, { room: this.room, gateway: this.roadName, dialect }, position);
    dialect.onOpen(this);
  }

  /** Too many, or none that could answer: later again. Anything else will be the same next time. */
  onRefused(status: number, retryAfterMs: number | undefined): void {
    this.#around.tally.note("refusals", status);
    this.#isLeaving ||= status >= 400 && status < 500 && status !== 429;
    // Spread over as long again: everybody was told the same second.
    if (retryAfterMs !== undefined) this.#comeBackMs = retryAfterMs * (1 + Math.random());
  }

  // ---- its end, and coming back --------------------------------------------------------------------------------------

  onGone({ closeCode, cause }: ConnectionEnd): void {
    const us = nowUs();
    if (cause !== undefined && !this.#isLeaving) this.#around.tally.note(cause.kind, cause.name);
    this.sayings.cut();
    if (this.#connection?.isUpgraded === true) this.#around.accounts.end(this.#plan.account, this.#plan.dialect);
    if (this.#state === "joined") {
      this.#lostUs = us;
      if (us - this.#joinedUs >= STABLE_US) this.#attempts = 0;
    }
    this.#connection = undefined;
    if (this.#isLeaving || !mayReconnect(closeCode)) this.#move("gone");
    else this.#comeBack(closeCode);
  }

  #comeBack(closeCode: number): void {
    const ceilingMs = Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** Math.min(this.#attempts, 20));
    const delayMs = this.#comeBackMs ?? Math.random() * ceilingMs;
    this.#comeBackMs = undefined;
    this.#attempts += 1;
    // A road that was closed may stay so: another one, as a name with several addresses leads to another host.
    if (closeCode !== CLOSE.lifetime.code) this.#road = (this.#road + 1) % this.#plan.roads.length;
    this.#move("waiting");
    this.#timer = setTimeout(() => this.connect(), delayMs);
  }

  #newSayings(): OpenSayings {
    const { run, sends, tally } = this.#around;
    return new OpenSayings({ client: this, run, sender: this.#plan.sender, dialect: this.#plan.dialect, sends, counts: tally.counts });
  }

  get #currentRoad(): Road {
    const road = this.#plan.roads[this.#road];
    if (road === undefined) throw new Error("a socket needs a road");
    return road;
  }

  #move(state: ClientState): void {
    const { states } = this.#around.tally;
    states[this.#state] -= 1;
    states[state] += 1;
    this.#state = state;
  }
}
