/**
 * Which lines to draw next. At a join, or at the return to the end, all of them are new: drawn in one go they would
 * stop the page for long. So the last few come first, at the end of the room, and what is above them follows, a few at
 * each redraw; held lines grow downwards, away from the reader.
 */
import type { Line } from "./timeline.ts";

const LINES_AT_ONCE = 6;
/** A hot room brings a dozen lines between two redraws of a slow page; that is no reason to begin anew. */
const MANY_LINES = 40;

/** A part of `lines` in one piece; all of them after enough calls. `drawn`: what the call before returned. */
export function drawableOf(lines: readonly Line[], { drawn, isHeld }: { drawn: readonly Line[]; isHeld: boolean }): readonly Line[] {
  const keys = new Set(drawn.map((line) => line.key));
  const isDrawn = (line: Line) => keys.has(line.key);
  const [first, last] = [lines.findIndex(isDrawn), lines.findLastIndex(isDrawn)];
  if (last < 0 || (!isHeld && lines.length - 1 - last > MANY_LINES)) return lines.slice(-LINES_AT_ONCE);
  return lines.slice(Math.max(0, first - LINES_AT_ONCE), isHeld ? last + 1 + LINES_AT_ONCE : undefined);
}
