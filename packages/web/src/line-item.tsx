/** One line: who, when, what, and how many like it. Text is always text. */
import { Component } from "preact";
import { Avatar, hueOf } from "./avatar.tsx";
import { formatCount, formatTime } from "./countdown.ts";
import { CheckIcon, ClockIcon, DoubleCheckIcon, HeartIcon, StarIcon } from "./icons.tsx";
import { fill, type TextName, useTexts } from "./texts.ts";
import type { Line } from "./timeline.ts";

export interface LineActions {
  onLike: (messageId: number) => void;
  onRetry: (clientId: string) => void;
  onDiscard: (clientId: string) => void;
}

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
  override shouldComponentUpdate({ line, isLiked, isOpen, isOver, isLimited, actions }: LineProps): boolean {
    const { props } = this;
    if (line !== props.line || isLiked !== props.isLiked || actions !== props.actions) return true;
    return isOpen !== props.isOpen || isOver !== props.isOver || isLimited !== props.isLimited;
  }

  render() {
    return <LineContent {...this.props} />;
  }
}

function LineContent({ line, isLiked, isOpen, isOver, isLimited, actions }: LineProps) {
  const texts = useTexts();
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
      {line.startsGroup ? <Avatar person={line} /> : <span class="avatar-space" />}
      <div class="body">
        {line.startsGroup && <Who line={line} />}
        <p class="text" dir="auto">
          {line.text}
        </p>
        {line.isSkipped && <p class="aside">{texts.notShownToAll}</p>}
        {line.mark === "sending" && isOver && <p class="failure">{texts.unconfirmed}</p>}
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
  const texts = useTexts();
  return (
    <p class="who">
      <bdi class={`name ${hueOf(line.userId)}`}>{line.username}</bdi>
      {line.isMine && <span class="badge you">{texts.you}</span>}
      {line.isHost && <span class="badge host">{texts.host}</span>}
      {line.isWinner && (
        <span class="badge won">
          <StarIcon />
          {texts.winner}
        </span>
      )}
      <time dateTime={new Date(line.at).toISOString()}>{formatTime(line.at)}</time>
    </p>
  );
}

function MarkIcon({ mark }: { mark: NonNullable<Line["mark"]> }) {
  const texts = useTexts();
  if (mark === "failed") return null;
  return (
    <span class={`mark ${mark}`} title={texts[mark]} data-mark={mark}>
      {mark === "sending" ? <ClockIcon /> : mark === "sent" ? <CheckIcon /> : <DoubleCheckIcon />}
      <span class="unseen">{texts[mark]}</span>
    </span>
  );
}

type LikeButtonProps = Pick<LineProps, "line" | "isLiked" | "isOpen"> & Pick<LineActions, "onLike"> & { id: number };

function LikeButton({ id, line, isLiked, isOpen, onLike }: LikeButtonProps) {
  const texts = useTexts();
  return (
    <button
      class={`like${isLiked ? " liked" : ""}${line.likes > 0 ? " counted" : ""}`}
      type="button"
      aria-pressed={isLiked}
      aria-label={fill(texts.likeLine, { name: line.username, count: line.likes })}
      tabIndex={-1} // reached by the arrow keys
      disabled={!isOpen}
      onClick={() => onLike(id)}
    >
      <HeartIcon isFilled={isLiked} />
      {line.likes > 0 && <span>{formatCount(line.likes)}</span>}
    </button>
  );
}

function Failure({ line, isLimited, actions: { onRetry, onDiscard } }: Pick<LineProps, "line" | "isLimited" | "actions">) {
  const texts = useTexts();
  const status = line.failed?.status;
  if (status?.state !== "failed") return null;
  return (
    <p class="failure">
      <span>{texts[REFUSALS[status.code] ?? "notSent"]}</span>
      {status.retryable && (
        <button type="button" disabled={isLimited} onClick={() => onRetry(line.key)}>
          {texts.tryAgain}
        </button>
      )}
      <button type="button" onClick={() => onDiscard(line.key)}>
        {texts.remove}
      </button>
    </p>
  );
}

const REFUSALS: Readonly<Record<string, TextName>> = {
  rate_limited: "notSentTooFast",
  too_long: "notSentTooLong",
  chat_closed: "notSentClosed",
  forbidden: "notSentForbidden",
};
