/** A steady evening, period by period: each drawn from the seed and its own number, so that none has to be remembered. */
import type { Act, Timeline } from "../generator/timeline.ts";
import { chatLine } from "./chat-lines.ts";
import { Seeded } from "./seeded.ts";

export interface SoakOptions {
  readonly seed: number;
  readonly minutes: number;
  readonly sockets: number;
  readonly rooms: number;
  /** Share of the sockets that speak version 1. */
  readonly v1Share: number;
  /** Messages, over all rooms. */
  readonly perSecond: number;
  /** Sockets that lose their network. */
  readonly dropsPerMinute: number;
  /** Each ends with a certificate of its own. */
  readonly periodSeconds: number;
  /** In MB an hour: a process of the chat or of this tool that grows faster makes the run fail; 0: growth is told, not judged. */
  readonly maxGrowth: number;
}

export const TYPICAL_SOAK = {
  minutes: 5,
  sockets: 200,
  rooms: 2,
  v1Share: 0.25,
  perSecond: 10,
  dropsPerMinute: 20,
  periodSeconds: 60,
  maxGrowth: 0,
} as const;

/** Everybody comes in evenly. */
export function planSoakJoins({ sockets, rooms, v1Share }: SoakOptions, perSecond: number): Timeline {
  const isV1 = (socket: number) => Math.floor((socket + 1) * v1Share) > Math.floor(socket * v1Share);
  return Array.from({ length: sockets }, (_, socket): Act => {
    const atMs = Math.round((socket * 1_000) / perSecond);
    // Rooms in runs of `sockets / rooms`, so that every room has both versions.
    return { does: "connect", socket, atMs, room: Math.floor((socket * rooms) / sockets), version: isV1(socket) ? 1 : 2 };
  });
}

/** As many messages and losses as asked for, at any time, by anybody. */
export function planSoakPeriod(options: SoakOptions, period: number, seconds: number): Timeline {
  const { seed, sockets, perSecond, dropsPerMinute } = options;
  const random = new Seeded(seed, `period ${period}`);
  const anywhere = () => ({ atMs: random.below(Math.max(1, Math.round(seconds * 1_000))), socket: random.below(sockets) });
  const says = Array.from(
    { length: Math.round(perSecond * seconds) },
    (): Act => ({ does: "say", ...anywhere(), words: chatLine(random) }),
  );
  const drops = Array.from({ length: Math.round((dropsPerMinute * seconds) / 60) }, (): Act => ({ does: "drop", ...anywhere() }));
  return [...says, ...drops].sort((a, b) => a.atMs - b.atMs);
}
