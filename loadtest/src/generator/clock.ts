/** CLOCK_MONOTONIC in microseconds: the same in every process of a machine, so that one stamps and another one reads. */
const OFFSET_US = Number(process.hrtime.bigint()) / 1_000 - performance.now() * 1_000;

/** Now, a whole number. Cheaper than `process.hrtime`, which makes an array or a bigint each time. */
export function nowUs(): number {
  return Math.round(OFFSET_US + performance.now() * 1_000);
}
