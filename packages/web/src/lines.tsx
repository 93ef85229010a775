/** The lines. They follow the newest one, unless the reader has scrolled up: then a button tells what is new. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ChatView } from "./chat-model.ts";
import { formatLeft } from "./countdown.ts";
import { DownIcon } from "./icons.tsx";
import { LineItem } from "./line-item.tsx";
import type { Line } from "./timeline.ts";

export interface LineActions {
  onLike: (messageId: number) => void;
  onRetry: (clientId: string) => void;
  onDiscard: (clientId: string) => void;
}

/** So near to the end still counts as reading the newest. */
const END_PX = 60;

interface LinesProps {
  view: ChatView;
  now: number;
  /** The same object at each redraw: see LineItem. */
  actions: LineActions;
}

export function Lines({ view, now, actions }: LinesProps) {
  const box = useRef<HTMLDivElement>(null);
  const { isFollowing, unread, onScroll, goToEnd } = useFollow(box, view.lines);
  const flags = {
    isOpen: view.session.state === "open",
    isOver: view.connection.name === "closed",
    isLimited: view.limitedUntil > Date.now(),
  };
  return (
    <main class="lines">
      <div class="scroll" ref={box} onScroll={onScroll} tabIndex={-1}>
        {view.lines.length === 0 && <Empty view={view} now={now} />}
        <div role="log" aria-label="Messages" aria-live={view.isRushing ? "off" : "polite"}>
          <ol>
            {view.lines.map((line) => (
              <LineItem key={line.key} line={line} isLiked={isLiked(view, line)} {...flags} actions={actions} />
            ))}
          </ol>
        </div>
      </div>
      {!isFollowing && (
        <button class="to-end" type="button" onClick={goToEnd}>
          <DownIcon />
          {unread === 0 ? "To the newest" : unread === 1 ? "1 new line" : `${unread} new lines`}
        </button>
      )}
    </main>
  );
}

function isLiked(view: ChatView, line: Line): boolean {
  return line.id !== undefined && view.likedMessages.has(line.id);
}

function Empty({ view, now }: { view: ChatView; now: number }) {
  return (
    <div class="empty">
      {view.session.state === "scheduled" && <p class="big">{formatLeft(Date.parse(view.session.opens_at) - now)}</p>}
      <p>{emptyText(view)}</p>
    </div>
  );
}

function emptyText(view: ChatView): string {
  if (view.session.state === "scheduled") return "until the chat opens. Make yourself comfortable.";
  if (view.session.state === "open") return view.connection.name === "open" ? "It is quiet here. Say hello!" : "Connecting…";
  return "Nothing was written here.";
}

/** Keeps the view at the end while it is there, and counts what came since it is not. */
function useFollow(box: { current: HTMLDivElement | null }, lines: Line[]) {
  const [isFollowing, setIsFollowing] = useState(true);
  const [seenUpto, setSeenUpto] = useState(0);
  const newest = lines.findLast((line) => line.id !== undefined)?.id ?? 0;
  const ownLast = lines.at(-1)?.mark === "sending" ? lines.at(-1)?.key : undefined;

  const goToEnd = () => {
    box.current?.scrollTo({ top: box.current.scrollHeight });
    setIsFollowing(true);
  };
  useLayoutEffect(() => {
    if (!isFollowing) return;
    goToEnd();
    setSeenUpto(newest);
  }, [lines, isFollowing]);
  // Whoever writes wants to see it, wherever they were reading.
  useLayoutEffect(() => {
    if (ownLast !== undefined) goToEnd();
  }, [ownLast]);

  // The box shrinks when the writing place grows or a phone's keyboard opens: the newest line stays in sight.
  useEffect(() => {
    const at = box.current;
    if (!at || !isFollowing) return;
    const observer = new ResizeObserver(() => at.scrollTo({ top: at.scrollHeight }));
    observer.observe(at);
    return () => observer.disconnect();
  }, [isFollowing]);

  const onScroll = () => {
    const at = box.current;
    if (at) setIsFollowing(at.scrollHeight - at.scrollTop - at.clientHeight < END_PX);
  };
  const unread = lines.filter((line) => line.id !== undefined && line.id > seenUpto && !line.isMine).length;
  return { isFollowing, unread, onScroll, goToEnd };
}
