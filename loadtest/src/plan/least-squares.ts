/** Costs from observations: which coefficients, none below zero, come nearest to what was measured. */

export interface Equation {
  /** A value for each coefficient. */
  readonly x: readonly number[];
  readonly y: number;
  /** How much its error counts: 1 / y counts relative errors. */
  readonly weight: number;
}

const MAX_SWEEPS = 20_000;
const PRECISION = 1e-10;

/**
 * Least squares without negative coefficients, by moving one after another to its best place until none moves. A
 * coefficient whose values are all 0 is 0: nothing is known of it.
 */
export function nonNegativeFit(equations: readonly Equation[]): number[] {
  const size = equations[0]?.x.length ?? 0;
  const columns = Array.from({ length: size }, (_, n) => equations.map(({ x, weight }) => (x[n] ?? 0) * weight));
  const target = equations.map(({ y, weight }) => y * weight);
  // Scaled, so that bytes by the million and a constant 1 move alike.
  const scales = columns.map((column) => Math.sqrt(dot(column, column)) || 1);
  const gram = columns.map((a, i) => columns.map((b, j) => dot(a, b) / ((scales[i] ?? 1) * (scales[j] ?? 1))));
  const aims = columns.map((column, n) => dot(column, target) / (scales[n] ?? 1));
  const scaled = new Array<number>(size).fill(0);
  for (let sweep = 0; sweep < MAX_SWEEPS; sweep += 1) {
    let moved = 0;
    for (const [n, row] of gram.entries()) {
      const own = row[n] ?? 0;
      if (own === 0) continue;
      const before = scaled[n] ?? 0;
      const next = Math.max(0, before + ((aims[n] ?? 0) - dot(row, scaled)) / own);
      scaled[n] = next;
      moved = Math.max(moved, Math.abs(next - before));
    }
    if (moved < PRECISION) break;
  }
  return scaled.map((value, n) => value / (scales[n] ?? 1));
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, n) => sum + value * (b[n] ?? 0), 0);
}
