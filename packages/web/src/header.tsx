/** Where the draw stands: what is on, how long it takes, who is here. */
import type { ChatView } from "./chat-model.ts";
import { formatCount, formatLeft, formatTime } from "./countdown.ts";
import { EyeIcon, HeartIcon, LeaveIcon } from "./icons.tsx";
import type { Person } from "./person.ts";

interface HeaderProps {
  view: ChatView;
  now: number;
  person: Person;
  onLike: () => void;
  onLeave: () => void;
}

export function Header({ view, now, person, onLike, onLeave }: HeaderProps) {
  return (
    <header class="header">
      <h1>Draw night</h1>
      <div class="tools">
        <span class="viewers" title="Watching now">
          <EyeIcon />
          <span data-testid="viewers">{formatCount(view.viewers)}</span>
          <span class="unseen"> watching</span>
        </span>
        <button
          class={view.hasLikedSession ? "like session liked" : "like session"}
          type="button"
          aria-pressed={view.hasLikedSession}
          aria-label={`Like this draw night, ${view.totalLikes} likes`}
          disabled={view.session.state !== "open"}
          onClick={onLike}
        >
          <HeartIcon isFilled={view.hasLikedSession} />
          <span data-testid="total-likes">{formatCount(view.totalLikes)}</span>
        </button>
        <button
          class="bare"
          type="button"
          title={`Leave (${person.username})`}
          aria-label={`Leave the chat, ${person.username}`}
          onClick={onLeave}
        >
          <LeaveIcon />
        </button>
      </div>
      <Countdown view={view} now={now} />
    </header>
  );
}

function Badge({ view }: { view: ChatView }) {
  switch (view.session.state) {
    case "open":
      return <span class="badge live">Live</span>;
    case "scheduled":
      return <span class="badge">Soon</span>;
    case "cancelled":
      return <span class="badge">Cancelled</span>;
    case "closed":
      return <span class="badge">Closed</span>;
    default:
      view.session.state satisfies never;
      return null;
  }
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
  if (view.session.state === "scheduled") {
    return (
      <>
        Opens in <Left ms={opensAt - now} /> <span class="aside">draw at {formatTime(drawAt)}</span>
      </>
    );
  }
  if (view.session.state !== "open") return <>The draw was at {formatTime(drawAt)}</>;
  const closes = (
    <span class="aside">
      closes in <Left ms={closesAt - now} />
    </span>
  );
  if (now < drawAt) {
    return (
      <>
        Draw in <Left ms={drawAt - now} /> {closes}
      </>
    );
  }
  return (
    <>
      Drawn at {formatTime(drawAt)} {closes}
    </>
  );
}

function Left({ ms }: { ms: number }) {
  return <strong class="left">{formatLeft(ms)}</strong>;
}
