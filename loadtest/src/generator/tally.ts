/** What the sockets of one worker did, counted; and how long things took. */
import type { Histogram } from "hdr-histogram-js";
import { encodeHistogram, LATENCIES, type LatencyName, newHistogram } from "./latency.ts";

/**
 * Where a socket is: not begun; connecting (until the answer to its handshake); open (until it is in); joined; waiting
 * before it comes back; gone for good.
 */
const CLIENT_STATES = ["idle", "connecting", "open", "joined", "waiting", "gone"] as const;
export type ClientState = (typeof CLIENT_STATES)[number];
export type StateCounts = Record<ClientState, number>;

/** Since the start of the worker. */
export type Counts = {
  /** Bytes that came, handshakes included. */
  bytes: number;
  frames: number;
  /** Messages of the run that came, times sockets; and the frames that held them. */
  deliveries: number;
  deliveredFrames: number;
  /** First joins, and joins again. */
  joins: number;
  rejoins: number;
  /** Messages that were due, and those of them that went out, each once, however often it was said again (`resent`). */
  planned: number;
  sent: number;
  resent: number;
  /** Sent, but not when they were due: their socket was away, and said them once it was back. */
  heldBack: number;
  /** Sent over 100 ms after they were meant to be, because the generator was late. */
  sentLate: number;
  acked: number;
  duplicates: number;
  skipped: number;
  /** Likes that went out, and those that could not: no socket, or the message was not here yet. */
  likes: number;
  unsentLikes: number;
  /** Connections cut from this side. */
  dropped: number;
};

/** Named things, counted: close codes, HTTP statuses of refused handshakes, errors of the network, codes in `error` frames. */
export const NAMED = ["closes", "refusals", "failures", "errors"] as const;
export type NamedCounts = Record<(typeof NAMED)[number], Record<string, number>>;

export interface TallyReport {
  readonly counts: Counts;
  readonly states: StateCounts;
  readonly named: NamedCounts;
  /** Of the time since the last report, encoded; only those in which something was recorded. */
  readonly latencies: Partial<Record<LatencyName, string>>;
}

export function noCounts(): Counts {
  return {
    bytes: 0,
    frames: 0,
    deliveries: 0,
    deliveredFrames: 0,
    joins: 0,
    rejoins: 0,
    planned: 0,
    sent: 0,
    resent: 0,
    heldBack: 0,
    sentLate: 0,
    acked: 0,
    duplicates: 0,
    skipped: 0,
    likes: 0,
    unsentLikes: 0,
    dropped: 0,
  };
}

export function noStates(): StateCounts {
  return { idle: 0, connecting: 0, open: 0, joined: 0, waiting: 0, gone: 0 };
}

export function noNamed(): NamedCounts {
  return { closes: {}, refusals: {}, failures: {}, errors: {} };
}

export class Tally {
  readonly counts = noCounts();
  readonly states = noStates();
  readonly named = noNamed();
  readonly #latencies = new Map<LatencyName, Histogram>(LATENCIES.map((name) => [name, newHistogram()]));

  note(what: keyof NamedCounts, name: string | number): void {
    this.named[what][name] = (this.named[what][name] ?? 0) + 1;
  }

  /** A duration that a clock makes negative is none. */
  time(name: LatencyName, us: number, count = 1): void {
    this.#latencies.get(name)?.recordValueWithCount(Math.max(0, us), count);
  }

  take(): TallyReport {
    const latencies: Partial<Record<LatencyName, string>> = {};
    for (const [name, histogram] of this.#latencies) {
      if (histogram.totalCount === 0) continue;
      latencies[name] = encodeHistogram(histogram);
      histogram.reset();
    }
    return { counts: { ...this.counts }, states: { ...this.states }, named: structuredClone(this.named), latencies };
  }
}
