/** Where the draw stands: what is on, how long it takes, who is here. */
import type { ChatView } from "./chat-model.ts";
import { formatCount, formatLeft, formatTime } from "./countdown.ts";
import { EyeIcon, HeartIcon, LeaveIcon } from "./icons.tsx";
import { fill, fillTime, useTexts } from "./texts.ts";

interface HeaderProps {
  view: ChatView;
  now: number;
  /** Of the heading, in the page around it. */
  level: 1 | 2;
  onLike: () => void;
  leave: Leave | undefined;
}

/** Absent where one does not leave: the page around decides who is signed in. */
export interface Leave {
  username: string;
  onLeave: () => void;
}

export function Header({ view, now, level, onLike, leave }: HeaderProps) {
  const texts = useTexts();
  const Heading = level === 1 ? "h1" : "h2";
  return (
    <header class="header">
      <Heading class="title">{texts.title}</Heading>
      <div class="tools">
        <span class="viewers" title={texts.watching}>
          <EyeIcon />
          <span data-testid="viewers">{formatCount(view.viewers)}</span>
          <span class="unseen"> {texts.watching}</span>
        </span>
        <button
          class={view.hasLikedSession ? "like session liked" : "like session"}
          type="button"
          aria-pressed={view.hasLikedSession}
          aria-label={fill(texts.likeSession, { count: view.totalLikes })}
          disabled={view.session.state !== "open"}
          onClick={onLike}
        >
          <HeartIcon isFilled={view.hasLikedSession} />
          <span data-testid="total-likes">{formatCount(view.totalLikes)}</span>
        </button>
        {leave && <LeaveButton {...leave} />}
      </div>
      <Countdown view={view} now={now} />
    </header>
  );
}

function LeaveButton({ username, onLeave }: Leave) {
  const label = fill(useTexts().leave, { name: username });
  return (
    <button class="bare" type="button" title={label} aria-label={label} onClick={onLeave}>
      <LeaveIcon />
    </button>
  );
}

function Badge({ view }: { view: ChatView }) {
  const texts = useTexts();
  const { state } = view.session;
  if (state === "open") return <span class="badge live">{texts.live}</span>;
  return <span class="badge">{state === "scheduled" ? texts.soon : texts[state]}</span>;
}

/** One line of time, and a bar from opening to close with a mark at the draw. */
function Countdown({ view, now }: { view: ChatView; now: number }) {
  const opensAt = Date.parse(view.session.opens_at);
  const drawAt = Date.parse(view.session.draw_at);
  const closesAt = Date.parse(view.session.closes_at);
  const share = (at: number) => `${Math.min(100, Math.max(0, ((at - opensAt) / (closesAt - opensAt)) * 100))}%`;
  return (
    <div class="countdown">
      <p>
        <Badge view={view} />
        <Moment view={view} now={now} at={{ opensAt, drawAt, closesAt }} />
      </p>
      {view.session.state === "open" && (
        <div class="bar" aria-hidden="true">
          <span class="bar-done" style={{ width: share(now) }} />
          <span class="bar-draw" style={{ insetInlineStart: share(drawAt) }} />
        </div>
      )}
    </div>
  );
}

interface MomentProps {
  view: ChatView;
  now: number;
  at: { opensAt: number; drawAt: number; closesAt: number };
}

function Moment({ view, now, at: { opensAt, drawAt, closesAt } }: MomentProps) {
  const texts = useTexts();
  const { state } = view.session;
  if (state === "scheduled") {
    return (
      <>
        <span>{fillTime(texts.opensIn, <Left ms={opensAt - now} />)}</span>
        <span class="aside">{fill(texts.drawAt, { time: formatTime(drawAt) })}</span>
      </>
    );
  }
  if (state !== "open") return <span>{fill(texts.drawWasAt, { time: formatTime(drawAt) })}</span>;
  return (
    <>
      <span>{now < drawAt ? fillTime(texts.drawIn, <Left ms={drawAt - now} />) : fill(texts.drawnAt, { time: formatTime(drawAt) })}</span>
      <span class="aside">{fillTime(texts.closesIn, <Left ms={closesAt - now} />)}</span>
    </>
  );
}

function Left({ ms }: { ms: number }) {
  return <strong class="left">{formatLeft(ms)}</strong>;
}
