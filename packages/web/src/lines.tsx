/** The lines. They follow the newest one, unless the reader has scrolled up: then a button tells what is new. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { ChatView } from "./chat-model.ts";
import { formatCount, formatLeft } from "./countdown.ts";
import { DownIcon } from "./icons.tsx";
import { type LineActions, LineItem } from "./line-item.tsx";
import { moveByKey } from "./line-keys.ts";
import { type ReadingActions, useReading } from "./reading.ts";
import { fill, useTexts } from "./texts.ts";
import type { Line } from "./timeline.ts";

interface LinesProps {
  view: ChatView;
  now: number;
  /** The same object at each redraw: see LineItem. */
  actions: LineActions & ReadingActions;
}

export function Lines({ view, now, actions }: LinesProps) {
  const texts = useTexts();
  const box = useRef<HTMLDivElement>(null);
  const { isFollowing, onScroll, goToEnd, hold } = useReading(box, view, actions);
  const flags = {
    isOpen: view.session.state === "open",
    isOver: view.connection.name === "closed",
    isLimited: view.limitedUntil > Date.now(),
  };
  return (
    <div class="lines">
      {/* One stop for the Tab key: two hundred hearts between header and writing place would be too many. */}
      <section
        class="scroll"
        ref={box}
        onScroll={onScroll}
        onKeyDown={(event) => moveByKey(event, { hold, goToEnd })}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
        tabIndex={0}
        aria-label={texts.messageKeys}
      >
        {view.lines.length === 0 && <Empty view={view} now={now} />}
        <div role="log" aria-label={texts.messages} aria-live={useIsSpoken(view, isFollowing) ? "polite" : "off"}>
          <ol>
            {view.lines.map((line) => (
              <LineItem key={line.key} line={line} isLiked={isLiked(view, line)} {...flags} actions={actions} />
            ))}
          </ol>
        </div>
      </section>
      <p class="unseen" role="status">
        {view.rushSummary !== undefined && fill(texts.newLines, { count: view.rushSummary })}
      </p>
      {!isFollowing && (
        <button class="to-end" type="button" onClick={goToEnd}>
          <DownIcon />
          {newLinesText(view.newLines)}
        </button>
      )}
    </div>
  );

  function newLinesText(count: number): string {
    if (count === 0) return texts.toNewest;
    return count === 1 ? texts.newLine : fill(texts.newLines, { count: formatCount(count) });
  }
}

/**
 * Lines are spoken one by one only at a pace that can be followed, and only at the end of the room. What is there at
 * the start, or comes at once when the reader returns to the end, is drawn before the region is live: it is not new.
 */
function useIsSpoken(view: ChatView, isFollowing: boolean): boolean {
  const [isSettled, setIsSettled] = useState(false);
  const hasLines = view.lines.length > 0;
  const isConnected = view.connection.name === "open";
  useEffect(() => setIsSettled(isFollowing && (hasLines || isConnected)), [isFollowing, hasLines, isConnected]);
  return isSettled && isFollowing && !view.isRushing;
}

function isLiked(view: ChatView, line: Line): boolean {
  return line.id !== undefined && view.likedMessages.has(line.id);
}

function Empty({ view, now }: { view: ChatView; now: number }) {
  const texts = useTexts();
  const { state, opens_at } = view.session;
  const sentence = state === "scheduled" ? texts.untilOpening : state !== "open" ? texts.nothing : undefined;
  return (
    <div class="empty">
      {state === "scheduled" && <p class="big">{formatLeft(Date.parse(opens_at) - now)}</p>}
      <p>{sentence ?? (view.connection.name === "open" ? texts.quiet : texts.connecting)}</p>
    </div>
  );
}
