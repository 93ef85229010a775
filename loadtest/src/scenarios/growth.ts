/** How fast something grows: the slope of a straight line through its points by least squares. */

export interface Growth {
  readonly perHour: number;
  /** How much of the movement the line explains, from 0 to 1: near 0 the slope says nothing. */
  readonly fit: number;
  readonly points: number;
}

/** Of `[seconds, value]` from `fromSeconds` on; undefined for fewer than three points, which say nothing. */
export function growthOf(curve: readonly (readonly [seconds: number, value: number])[], fromSeconds = 0): Growth | undefined {
  const points = curve.filter(([seconds]) => seconds >= fromSeconds);
  if (points.length < 3) return undefined;
  const mean = (of: (point: readonly [number, number]) => number) => points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [meanX, meanY] = [mean(([x]) => x), mean(([, y]) => y)];
  const varianceX = mean(([x]) => (x - meanX) ** 2);
  const varianceY = mean(([, y]) => (y - meanY) ** 2);
  const covariance = mean(([x, y]) => (x - meanX) * (y - meanY));
  if (varianceX === 0) return undefined;
  return {
    perHour: (covariance / varianceX) * 3_600,
    fit: varianceY === 0 ? 1 : covariance ** 2 / (varianceX * varianceY),
    points: points.length,
  };
}
