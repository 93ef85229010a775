/** What each socket of a run does when: joins, words, likes, losses and goodbyes in one list. */

/** A message by whose it is: its id is known only when it has come back. */
export interface SayingName {
  /** The socket that says it. */
  readonly sender: number;
  /** Its how-manyeth message, from 0. */
  readonly n: number;
}

interface Occasion {
  /** From the start of the timeline, whole. */
  readonly atMs: number;
  /** Index of the socket in the run. */
  readonly socket: number;
}

export interface ConnectAct extends Occasion {
  readonly does: "connect";
  /** Index into the sessions of the run. */
  readonly room: number;
  readonly version: 1 | 2;
}

export interface SayAct extends Occasion {
  readonly does: "say";
  /** What stands behind the mark of the run. */
  readonly words: string;
}

/** Of the session, or of a message. Version 2 only. */
export interface LikeAct extends Occasion {
  readonly does: "like";
  readonly of?: SayingName;
}

/** `drop`: its network is gone, it comes back by itself. `leave`: for good. */
export interface EndAct extends Occasion {
  readonly does: "drop" | "leave";
}

export type Act = ConnectAct | SayAct | LikeAct | EndAct;

/** In order of time; a socket connects before it does anything else. */
export type Timeline = readonly Act[];

/** The part of the sockets `first` … `first + count - 1`. */
export function timelineOf(timeline: Timeline, first: number, count: number): Act[] {
  return timeline.filter(({ socket }) => socket >= first && socket < first + count);
}

/** How many of these sockets it begins. */
export function connectsIn(timeline: Timeline): number {
  return timeline.reduce((count, { does }) => count + (does === "connect" ? 1 : 0), 0);
}
