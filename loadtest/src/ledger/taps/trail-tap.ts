/**
 * What gateways say went through them: their trails, asked for again and again before they are overwritten. Where one is away
 * for good, was started anew, or has overwritten what was not read, it answers for nothing between.
 */
import type { RoomName } from "@drawchat/protocol/ids";
import { sleep } from "@drawchat/runtime/backoff";
import Type from "typebox";
import Compile from "typebox/compile";
import { type GatewayTrail, MARK_BEGIN, MARK_END, type TrailEntry } from "../observations.ts";

export interface WatchedGateway {
  /** As in the certificate. */
  readonly name: string;
  /** Of its private port: `http://127.0.0.1:9001`. It runs with GATEWAY_TRAIL_EVENTS set. */
  readonly privateUrl: string;
}

const POLL_MS = 250;
const ANSWER_WITHIN_MS = 5_000;
const SIDES = ["relayed", "handed1", "handed2"] as const;
type Side = (typeof SIDES)[number];

const Count = Type.Integer({ minimum: 0 });
const Slice = Type.Object({ from: Count, next: Count, entries: Type.Array(Type.Tuple([Type.Number(), Type.Integer()])) });
const checkAnswer = Compile(Type.Object({ boot: Type.String(), relayed: Slice, handed1: Slice, handed2: Slice }));

export class TrailTap {
  readonly gateway: string;
  readonly room: RoomName;
  readonly #url: URL;
  readonly #entries: Record<Side, TrailEntry[]> = { relayed: [], handed1: [], handed2: [] };
  readonly #next: Record<Side, number> = { relayed: 0, handed1: 0, handed2: 0 };
  readonly #ending = new AbortController();
  #boot: string | undefined;
  #isAway = false;
  #loop: Promise<void> = Promise.resolve();

  constructor({ name, privateUrl }: WatchedGateway, room: RoomName) {
    this.gateway = name;
    this.room = room;
    this.#url = new URL("/trail", privateUrl);
    this.#url.searchParams.set("room", room);
  }

  /** Resolves with false where the gateway keeps no trail. Rejects where it is not there. */
  async start(): Promise<boolean> {
    if (!(await this.#ask())) return false;
    this.#loop = this.#poll();
    return true;
  }

  /** True where it took all up to this id from Redis and handed it on, or has no room for it (any more), or is away. */
  isAt(upto: number): boolean {
    if (this.#isAway) return true;
    return SIDES.every((side) => {
      const last = this.#entries[side].at(-1);
      return last === undefined || last[1] === MARK_END || last[0] >= upto;
    });
  }

  /** Reads the rest and ends. */
  async finish(): Promise<GatewayTrail> {
    await this.stop();
    try {
      await this.#readAll();
    } catch {
      this.#breakOff();
    }
    return { gateway: this.gateway, ...this.#entries };
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#loop;
  }

  /** A gateway that does not answer may be away for good: it answers for what it told, until it tells more. */
  async #poll(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      try {
        await this.#readAll();
        this.#isAway = false;
      } catch {
        // Asked again: if it is still the same process, it still has what it did not tell. Nobody waits for it meanwhile.
        this.#isAway = true;
      }
      await sleep(POLL_MS, signal);
    }
  }

  /** An answer holds a part of what there is. */
  async #readAll(): Promise<void> {
    let before: number;
    do {
      before = this.#sum();
      if (!(await this.#ask())) throw new Error("the gateway keeps no trail any more");
    } while (this.#sum() > before + 1_000);
  }

  #sum(): number {
    return SIDES.reduce((sum, side) => sum + this.#next[side], 0);
  }

  async #ask(): Promise<boolean> {
    for (const side of SIDES) this.#url.searchParams.set(side, String(this.#next[side]));
    const response = await fetch(this.#url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    const answer: unknown = await response.json();
    if (response.status === 404) return false;
    if (!checkAnswer.Check(answer)) throw new TypeError(`${this.gateway} answered something else than a trail`);
    if (this.#boot !== undefined && this.#boot !== answer.boot) {
      this.#breakOff();
      this.#boot = answer.boot;
      return await this.#ask();
    }
    this.#boot = answer.boot;
    for (const side of SIDES) this.#take(side, answer[side]);
    return true;
  }

  #take(side: Side, { from, next, entries }: { from: number; next: number; entries: readonly [number, number][] }): void {
    const mine = this.#entries[side];
    if (from > this.#next[side]) {
      // Overwritten: it answers again from behind the first place that is known to lie before what comes.
      this.#endAtLast(side);
      const [first] = entries;
      if (first !== undefined) mine.push([first[0] - 1, MARK_BEGIN]);
    }
    for (const entry of entries) mine.push(entry);
    this.#next[side] = next;
  }

  /** What this process had not told is not known; another one begins from nothing. */
  #breakOff(): void {
    for (const side of SIDES) {
      this.#endAtLast(side);
      this.#next[side] = 0;
    }
  }

  #endAtLast(side: Side): void {
    const last = this.#entries[side].at(-1);
    if (last !== undefined) this.#entries[side].push([last[0], MARK_END]);
  }
}
