import { expect, test } from "vitest";
import { drawableOf } from "./drawable.ts";
import { type Line, Timeline } from "./timeline.ts";

/** Lines 1 to `count`, as a timeline makes them. */
function linesUpTo(count: number): readonly Line[] {
  const timeline = new Timeline({ userId: 1, username: "me", profilePic: null, isHost: false });
  const person = { user_id: 2, username: "you", profile_pic: null, is_winner: false, is_host: false };
  const rest = { message_type: "text", likes: 0, created_at: "2026-01-01T20:00:00.000Z" };
  for (let id = 1; id <= count; id += 1) timeline.add({ ...person, ...rest, id, message: `line ${id}` });
  return timeline.lines;
}

const span = (lines: readonly Line[]) => [lines[0]?.id, lines.at(-1)?.id];

test("of many new lines the last few are drawn first, then those above, until all are there", () => {
  const lines = linesUpTo(20);
  const spans = [];
  for (let drawn: readonly Line[] = []; drawn.length < lines.length; spans.push(span(drawn))) {
    drawn = drawableOf(lines, { drawn, isHeld: false });
  }
  expect(spans).toEqual([
    [15, 20],
    [9, 20],
    [3, 20],
    [1, 20],
  ]);
});

test("a few new lines are drawn at once, also when as many leave at the top", () => {
  const drawn = linesUpTo(100);
  expect(span(drawableOf(linesUpTo(112), { drawn, isHeld: false }))).toEqual([13, 112]);
});

test("held lines grow downwards: what the reader has in sight stays", () => {
  const drawn = linesUpTo(50);
  expect(span(drawableOf(linesUpTo(90), { drawn, isHeld: true }))).toEqual([1, 56]);
});
