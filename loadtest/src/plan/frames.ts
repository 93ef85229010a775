/**
 * How many frames a room's sockets get, and how large: the arithmetic of services/gateway/src/outbox.ts. A message that
 * finds the room idle goes out at once; those that come within a tick of the last frame leave together when it is over.
 * The tick is four times the last sweep over the sockets up to 70 ms, three times it beyond, from 10 to 250 ms; a room whose frame is full
 * before goes on then, after one sweep at the earliest. What is more than a frame holds leaves as several at once, a write each.
 */

const MIN_TICK_MS = 10;
const MAX_TICK_MS = 250;
const CALM_SWEEPS_PER_TICK = 4;
const CALM_TICK_MS = 70;
const SWEEPS_PER_TICK = 3;
const FULL_TICK_SWEEPS = 1;
const FULL_FRAME_BYTES = 16_284;
/** A batch around its events: type, `after`, `upto`. */
export const BATCH_FRAME_BYTES = 72;
const ITERATIONS = 30;

export interface RoomLoad {
  readonly sockets: number;
  readonly eventsPerSecond: number;
  readonly eventBytes: number;
}

export interface WriteCost {
  /** Microseconds of CPU. */
  readonly perWrite: number;
  readonly perByte: number;
}

export interface RoomFrames {
  /** Frames, each a write to each socket a second. */
  readonly perSecond: number;
  readonly tickMs: number;
}

/** The tick depends on the size of frames and the size on the tick: found by going round. */
export function framesOf({ sockets, eventsPerSecond, eventBytes }: RoomLoad, { perWrite, perByte }: WriteCost): RoomFrames {
  let tickMs = MIN_TICK_MS;
  let perSecond = 0;
  for (let round = 0; round < ITERATIONS; round += 1) {
    const flushes = flushesAt(eventsPerSecond, tickMs);
    const bodies = flushes === 0 ? 0 : (eventsPerSecond / flushes) * eventBytes;
    const frames = framesFor(bodies);
    perSecond = flushes * frames;
    const sweepMs = (sockets * (perWrite * frames + perByte * (BATCH_FRAME_BYTES * frames + bodies))) / 1_000;
    const fullAfterMs = (FULL_FRAME_BYTES * 1_000) / (eventsPerSecond * eventBytes);
    const next = Math.min(
      MAX_TICK_MS,
      Math.max(MIN_TICK_MS, Math.min(CALM_TICK_MS, CALM_SWEEPS_PER_TICK * sweepMs), SWEEPS_PER_TICK * sweepMs),
      Math.max(MIN_TICK_MS, FULL_TICK_SWEEPS * sweepMs, fullAfterMs),
    );
    tickMs = (tickMs + next) / 2;
  }
  return { perSecond, tickMs };
}

/** A hundredth over: what goes as soon as a frame is full is one frame, whatever the tick was rounded to. */
function framesFor(bodies: number): number {
  return Math.max(1, Math.ceil(bodies / FULL_FRAME_BYTES - 0.01));
}

/**
 * Messages come at random: after a flush the next comes when the tick is over, or, where none came within it, with the
 * next message. The mean time between two is then `tick + e^(-rate · tick) / rate`.
 */
function flushesAt(eventsPerSecond: number, tickMs: number): number {
  if (eventsPerSecond <= 0) return 0;
  const tick = tickMs / 1_000;
  return 1 / (tick + Math.exp(-eventsPerSecond * tick) / eventsPerSecond);
}
