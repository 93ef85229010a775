/** Curves of a run while it runs: bounded, whatever its length. */
import type { Series } from "./run-report.ts";

export type SeriesGroup = Series["group"];
type Point = [seconds: number, value: number];

/** A curve that has so many points is thinned to half, and takes every second point from then on. */
const MAX_POINTS = 2_400;

interface Curve {
  readonly group: SeriesGroup;
  readonly name: string;
  readonly unit: string;
  points: Point[];
  /** One of so many values is kept: the highest, so that a peak survives the thinning. */
  stride: number;
  pending: number;
}

export class Curves {
  readonly #curves = new Map<string, Curve>();

  /** Infinite and NaN are no values: they are passed over. */
  note(point: { group: SeriesGroup; name: string; unit: string; seconds: number; value: number }): void {
    const { group, name, unit, seconds, value } = point;
    if (!Number.isFinite(value)) return;
    const key = `${group} ${name}`;
    let curve = this.#curves.get(key);
    if (curve === undefined) {
      curve = { group, name, unit, points: [], stride: 1, pending: 0 };
      this.#curves.set(key, curve);
    }
    add(curve, [seconds, value]);
  }

  /** In the order in which they began. */
  take(): Series[] {
    return [...this.#curves.values()].map(({ group, name, unit, points }) => ({ group, name, unit, points: points.map(rounded) }));
  }
}

function add(curve: Curve, point: Point): void {
  const last = curve.points.at(-1);
  if (curve.pending > 0 && last !== undefined) last[1] = Math.max(last[1], point[1]);
  else curve.points.push(point);
  curve.pending = (curve.pending + 1) % curve.stride;
  if (curve.points.length < MAX_POINTS || curve.pending !== 0) return;
  curve.points = curve.points.flatMap(([seconds, value], n, all) =>
    n % 2 === 0 ? [[seconds, Math.max(value, all[n + 1]?.[1] ?? value)]] : [],
  );
  curve.stride *= 2;
}

/** What a reader can use: hundredths of a second, six digits of a value. */
function rounded([seconds, value]: Point): Point {
  return [Math.round(seconds * 100) / 100, Number.isInteger(value) ? value : Number(value.toPrecision(6))];
}
