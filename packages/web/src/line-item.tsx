/** One line: who, when, what, and how many like it. Text is always text. */
import { Component } from "preact";
import { useState } from "preact/hooks";
import { formatCount, formatTime } from "./countdown.ts";
import { CheckIcon, ClockIcon, DoubleCheckIcon, HeartIcon, StarIcon } from "./icons.tsx";
import type { LineActions } from "./lines.tsx";
import type { Line } from "./timeline.ts";

const HUES = 10;

interface LineProps {
  line: Line;
  isLiked: boolean;
  isOpen: boolean;
  /** The connection ended for good. */
  isOver: boolean;
  /** The person wrote too fast and has to wait. */
  isLimited: boolean;
  actions: LineActions;
}

/** Draws a line again only where something of it changed: in a hot room two hundred stand and fifty come at a time. */
export class LineItem extends Component<LineProps> {
  override shouldComponentUpdate({ line, ...next }: LineProps): boolean {
    const { line: present, ...props } = this.props;
    return !isSame(present, line) || !isSame(props, next);
  }

  render() {
    return <LineContent {...this.props} />;
  }
}

function isSame<Value extends object>(a: Value, b: Value): boolean {
  const left = Object.entries(a);
  const right = new Map(Object.entries(b));
  return left.length === right.size && left.every(([key, value]) => Object.is(value, right.get(key)));
}

function LineContent({ line, isLiked, isOpen, isOver, isLimited, actions }: LineProps) {
  const kinds = [
    "line",
    line.startsGroup && "first",
    line.isMine && "mine",
    line.isWinner && "winner",
    line.mark === "sending" && "sending",
    line.mark === "failed" && "failed",
  ];
  return (
    <li class={kinds.filter(Boolean).join(" ")} data-id={line.id}>
      {line.startsGroup ? <Avatar line={line} /> : <span class="avatar-space" />}
      <div class="body">
        {line.startsGroup && <Who line={line} />}
        <p class="text" dir="auto">
          {line.text}
        </p>
        {line.mark === "sending" && isOver && <p class="failure">The chat ended before this was confirmed.</p>}
        {line.failed && <Failure line={line} isLimited={isLimited} actions={actions} />}
      </div>
      <div class="side">
        {line.mark && <MarkIcon mark={line.mark} />}
        {line.id !== undefined && line.mark !== "failed" && (
          <LikeButton id={line.id} line={line} isLiked={isLiked} isOpen={isOpen} onLike={actions.onLike} />
        )}
      </div>
    </li>
  );
}

function Who({ line }: { line: Line }) {
  return (
    <p class="who">
      <bdi class={`name hue-${line.userId % HUES}`}>{line.username}</bdi>
      {line.isMine && <span class="badge you">You</span>}
      {line.isHost && <span class="badge host">Host</span>}
      {line.isWinner && (
        <span class="badge won">
          <StarIcon />
          Winner
        </span>
      )}
      <time dateTime={new Date(line.at).toISOString()}>{formatTime(line.at)}</time>
    </p>
  );
}

/** The person's picture; initials where there is none or it does not load. */
function Avatar({ line }: { line: Line }) {
  const [isBroken, setIsBroken] = useState(false);
  const picture = isBroken ? undefined : safePicture(line.profilePic);
  return (
    <span class={`avatar hue-${line.userId % HUES}`} aria-hidden="true">
      {picture === undefined ? (
        initialsOf(line.username)
      ) : (
        <img src={picture} alt="" loading="lazy" referrerpolicy="no-referrer" onError={() => setIsBroken(true)} />
      )}
    </span>
  );
}

/** Pictures come from https or from this server; anything else is not loaded. */
function safePicture(url: string | null): string | undefined {
  if (url === null || url === "") return undefined;
  const parsed = URL.parse(url, location.origin);
  return parsed && (parsed.protocol === "https:" || parsed.origin === location.origin) ? parsed.href : undefined;
}

/** Up to two first letters of the name's words. */
function initialsOf(username: string): string {
  const words = username.trim().split(/\s+/);
  const letters = (words.length > 1 ? [words[0], words.at(-1)] : [words[0]]).map((word) => [...(word ?? "")][0] ?? "");
  return letters.join("").toUpperCase() || "?";
}

const MARK_WORDS = { sending: "Sending", sent: "Sent", stored: "Sent and stored", failed: "Not sent" };

function MarkIcon({ mark }: { mark: NonNullable<Line["mark"]> }) {
  if (mark === "failed") return null;
  return (
    <span class={`mark ${mark}`} title={MARK_WORDS[mark]} data-mark={mark}>
      {mark === "sending" ? <ClockIcon /> : mark === "sent" ? <CheckIcon /> : <DoubleCheckIcon />}
      <span class="unseen">{MARK_WORDS[mark]}</span>
    </span>
  );
}

type LikeButtonProps = Pick<LineProps, "line" | "isLiked" | "isOpen"> & Pick<LineActions, "onLike"> & { id: number };

function LikeButton({ id, line, isLiked, isOpen, onLike }: LikeButtonProps) {
  return (
    <button
      class={`like${isLiked ? " liked" : ""}${line.likes > 0 ? " counted" : ""}`}
      type="button"
      aria-pressed={isLiked}
      aria-label={`Like the line of ${line.username}, ${line.likes} likes`}
      disabled={!isOpen}
      onClick={() => onLike(id)}
    >
      <HeartIcon isFilled={isLiked} />
      {line.likes > 0 && <span>{formatCount(line.likes)}</span>}
    </button>
  );
}

function Failure({ line, isLimited, actions: { onRetry, onDiscard } }: Pick<LineProps, "line" | "isLimited" | "actions">) {
  const status = line.failed?.status;
  if (status?.state !== "failed") return null;
  return (
    <p class="failure">
      <span>{sentenceFor(status.code)}</span>
      {status.retryable && (
        <button type="button" disabled={isLimited} onClick={() => onRetry(line.key)}>
          Try again
        </button>
      )}
      <button type="button" onClick={() => onDiscard(line.key)}>
        Remove
      </button>
    </p>
  );
}

function sentenceFor(code: string): string {
  switch (code) {
    case "rate_limited":
      return "Not sent: too many in a short time.";
    case "too_long":
      return "Not sent: it is too long.";
    case "chat_closed":
      return "Not sent: the chat is not open.";
    case "forbidden":
      return "Not sent: you may not write here.";
    default:
      return "Not sent.";
  }
}
