/** What is to be said when: open-loop, so that a server that is slow does not slow down what is asked of it. */

/** Parallel lists, in order of time. Plain numbers, so that a schedule goes to another process cheaply. */
export interface Schedule {
  /** Microseconds from the start of the schedule. */
  readonly offsetsUs: Float64Array;
  /** Index of the socket in the run. */
  readonly senders: Uint32Array;
  /** Length of the text of each. */
  readonly bytes: Uint16Array;
}

export interface SteadyRate {
  perSecond: number;
  seconds: number;
  /** Sockets of the run that take turns. */
  senders: readonly number[];
  /** Length of each text. */
  bytes: number;
}

/** Messages at even distances; senders take turns. */
export function steadySchedule({ perSecond, seconds, senders, bytes }: SteadyRate): Schedule {
  const count = Math.floor(perSecond * seconds);
  const offsetsUs = new Float64Array(count);
  const chosen = new Uint32Array(count);
  for (let i = 0; i < count; i += 1) {
    offsetsUs[i] = Math.round((i * 1_000_000) / perSecond);
    chosen[i] = senders[i % senders.length] ?? 0;
  }
  return { offsetsUs, senders: chosen, bytes: new Uint16Array(count).fill(bytes) };
}

/** The part of the sockets `first` … `first + count - 1`. */
export function scheduleOf(schedule: Schedule, first: number, count: number): Schedule {
  const kept: number[] = [];
  for (let i = 0; i < schedule.senders.length; i += 1) {
    const sender = schedule.senders[i] ?? 0;
    if (sender >= first && sender < first + count) kept.push(i);
  }
  return {
    offsetsUs: Float64Array.from(kept, (i) => schedule.offsetsUs[i] ?? 0),
    senders: Uint32Array.from(kept, (i) => schedule.senders[i] ?? 0),
    bytes: Uint16Array.from(kept, (i) => schedule.bytes[i] ?? 0),
  };
}
