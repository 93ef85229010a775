/**
 * Where the reader is in the lines. At the end, the newest line is kept in sight. Further up, the first line in sight
 * is the anchor: whatever is added, removed or grows, it stays where it stands. The browser's own scroll anchoring is
 * off (chat.css), so that all browsers, also those without it, do the same.
 */
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

/** So near to the end still counts as reading the newest. */
const END_PX = 60;

/** What is read. */
export interface Readable {
  /** Another array where they changed. */
  readonly lines: readonly unknown[];
  /** There are more lines behind those that are held. */
  readonly hasMore: boolean;
  /** How many were written by the reader. */
  readonly sent: number;
}

export interface ReadingActions {
  /** The reader left the end, or is back. */
  onFollow: (isAtEnd: boolean) => void;
  /** The reader came to the last of the held lines. */
  onReadOn: () => void;
}

interface Anchor {
  line: Element;
  /** From the top of the box, in px. */
  top: number;
}

export interface Reading {
  isFollowing: boolean;
  onScroll: () => void;
  goToEnd: () => void;
  /** Stays here, also at the end. */
  hold: () => void;
}

export function useReading(box: { current: HTMLElement | null }, view: Readable, { onFollow, onReadOn }: ReadingActions): Reading {
  const anchor = useRef<Anchor | undefined>(undefined);
  const [isFollowing, setIsFollowing] = useState(true);
  const followedTo = useRef(0);
  const hasMore = useRef(false);
  hasMore.current = view.hasMore;

  const moves = useMemo(() => {
    const follow = (isAtEnd: boolean) => {
      setIsFollowing(isAtEnd);
      onFollow(isAtEnd);
    };
    const goToEnd = () => {
      anchor.current = undefined;
      follow(true);
      keep();
    };
    const hold = () => {
      if (anchor.current || !box.current) return;
      anchor.current = anchorOf(box.current);
      follow(false);
    };
    const keep = () => {
      const at = box.current;
      if (!at) return;
      if (!anchor.current) followedTo.current = toEnd(at);
      else if (at.contains(anchor.current.line)) restore(at, anchor.current);
      else goToEnd(); // so much came that it is gone
    };
    const onScroll = () => {
      const at = box.current;
      if (!at) return;
      // Only a reader scrolls back; lines that grew since the last move to the end are no reason to leave it.
      if (!anchor.current && at.scrollTop >= followedTo.current) return;
      const isAtEnd = at.scrollHeight - at.scrollTop - at.clientHeight < END_PX;
      const wasFollowing = anchor.current === undefined;
      anchor.current = isAtEnd && !hasMore.current ? undefined : anchorOf(at);
      if (isAtEnd && hasMore.current) onReadOn();
      else if (isAtEnd !== wasFollowing) follow(isAtEnd);
    };
    return { goToEnd, hold, keep, onScroll };
  }, [box, onFollow, onReadOn]);

  // At the end the observer below does it, after the layout that there is anyway: asking for one here costs as much again.
  useLayoutEffect(() => {
    if (!isFollowing) moves.keep();
  }, [view.lines, isFollowing, moves]);
  // Whoever writes wants to see it, wherever they were reading.
  useLayoutEffect(() => {
    if (view.sent > 0) moves.goToEnd();
  }, [view.sent, moves]);
  useEffect(() => onResize(box.current, moves.keep), [box, moves]);
  return { isFollowing, ...moves };
}

/** Returns where that is. */
function toEnd(box: HTMLElement): number {
  box.scrollTop = box.scrollHeight;
  return box.scrollTop;
}

/** The first line whose end is in sight. A day is none: it moves up when older lines of it come. */
function anchorOf(box: HTMLElement): Anchor | undefined {
  const lines = box.querySelectorAll("li:not(.day)");
  let [low, high] = [0, lines.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((lines[middle]?.getBoundingClientRect().bottom ?? 0) > box.getBoundingClientRect().top) high = middle;
    else low = middle + 1;
  }
  const line = lines[low];
  return line && { line, top: topOf(box, line) };
}

function topOf(box: HTMLElement, line: Element): number {
  return line.getBoundingClientRect().top - box.getBoundingClientRect().top;
}

function restore(box: HTMLElement, { line, top }: Anchor): void {
  const movedBy = topOf(box, line) - top;
  if (Math.abs(movedBy) >= 1) box.scrollTop += movedBy;
}

/** The box shrinks when the writing place grows or a phone's keyboard opens; lines grow when pictures or fonts come. */
function onResize(box: HTMLElement | null, keep: () => void): () => void {
  if (!box) return () => undefined;
  const observer = new ResizeObserver(keep);
  observer.observe(box);
  if (box.lastElementChild) observer.observe(box.lastElementChild);
  return () => observer.disconnect();
}
