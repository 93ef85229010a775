/** The chat of one session: header, lines, and the place to write. */
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Access } from "./access.ts";
import { ChatModel, type ChatView, type SessionStart } from "./chat-model.ts";
import { Composer } from "./composer.tsx";
import { formatCount, formatLeft } from "./countdown.ts";
import { Header } from "./header.tsx";
import type { LineActions } from "./line-item.tsx";
import { Lines } from "./lines.tsx";
import type { ReadingActions } from "./reading.ts";
import { fill, fillTime, useTexts } from "./texts.ts";

/** The page is all there is on the screen. A widget is a part: its heading ranks lower, and it leaves the focus alone. */
export type Place = "page" | "widget";

interface SessionChatProps {
  access: Access;
  start: SessionStart;
  /** Unix ms of another session's opening, where one is planned. */
  nextOpensAt: number | undefined;
  place: Place;
  onLeave: (() => void) | undefined;
  onSignedOut: () => void;
}

export function SessionChat({ access, start, nextOpensAt, place, onLeave, onSignedOut }: SessionChatProps) {
  const texts = useTexts();
  const model = useModel(access, start);
  const now = useServerClock(model);
  const actions = useMemo(() => actionsOf(model), [model]);
  useEffect(() => model.noteSession(start.session), [model, start.session]);
  const { view } = model;
  return (
    <section class="chat" aria-label={texts.title}>
      <Header
        view={view}
        now={now}
        level={place === "page" ? 1 : 2}
        onLike={() => void model.likeSession()}
        leave={onLeave && { username: access.identity.username, onLeave }}
      />
      <Connection view={view} />
      <Lines view={view} now={now} actions={actions} />
      <Footer view={view} now={now} model={model} place={place} nextOpensAt={nextOpensAt} onSignedOut={onSignedOut} />
    </section>
  );
}

function actionsOf(model: ChatModel): LineActions & ReadingActions {
  return {
    onLike: (id) => void model.likeMessage(id),
    onRetry: (clientId) => model.retry(clientId),
    onDiscard: (clientId) => model.discard(clientId),
    onFollow: (isAtEnd) => model.follow(isAtEnd),
    onReadOn: () => model.readOn(),
  };
}

/** One model for the life of the component; each of its changes redraws. */
function useModel(access: Access, start: SessionStart): ChatModel {
  const [, redraw] = useState(0);
  const [model] = useState(() => new ChatModel(access, start, () => redraw((count) => count + 1)));
  useEffect(() => {
    model.start();
    return () => model.stop();
  }, [model]);
  return model;
}

/** The server's clock, once a second. */
function useServerClock(model: ChatModel): number {
  const [now, setNow] = useState(model.serverNow());
  useEffect(() => {
    const timer = setInterval(() => {
      model.tick();
      setNow(model.serverNow());
    }, 1_000);
    return () => clearInterval(timer);
  }, [model]);
  return now;
}

function Connection({ view }: { view: ChatView }) {
  const texts = useTexts();
  return (
    <div class="bars">
      <div role="status">
        {view.connection.name === "reconnecting" && <p class="bar-note">{texts.reconnecting}</p>}
        {/* Said once when it begins: the count changes many times a second. */}
        {view.leftOut > 0 && <p class="unseen">{texts.leftOutSpoken}</p>}
      </div>
      {view.leftOut > 0 && <p class="bar-note">{fill(texts.leftOut, { count: formatCount(view.leftOut) })}</p>}
    </div>
  );
}

type FooterProps = Pick<SessionChatProps, "place" | "nextOpensAt" | "onSignedOut"> & { view: ChatView; now: number; model: ChatModel };

/** The place to write, or why there is none. */
function Footer({ view, now, model, place, nextOpensAt, onSignedOut }: FooterProps) {
  const texts = useTexts();
  const { connection, session } = view;
  if (connection.name === "closed" && connection.code === 4509) {
    return (
      <Ended text={texts.elsewhere}>
        <button class="primary" type="button" onClick={() => model.start()}>
          {texts.continueHere}
        </button>
      </Ended>
    );
  }
  if (connection.name === "closed" && connection.code === 4501) {
    return (
      <Ended text={texts.signInEnded}>
        <button class="primary" type="button" onClick={onSignedOut}>
          {texts.joinAgain}
        </button>
      </Ended>
    );
  }
  if (connection.name === "closed" && connection.code === 4503) return <Ended text={texts.forbidden} />;
  if (session.state === "cancelled") return <Ended text={texts.drawCancelled} />;
  if (session.state === "closed" || connection.name === "closed") {
    return (
      <Ended text={texts.chatClosed}>
        {nextOpensAt !== undefined && <p>{fillTime(texts.nextOpensIn, <strong class="left">{formatLeft(nextOpensAt - now)}</strong>)}</p>}
      </Ended>
    );
  }
  return <Composer view={view} takesFocus={place === "page"} onSend={(text) => model.send(text)} />;
}

function Ended({ text, children }: { text: string; children?: ComponentChildren }) {
  return (
    <footer class="ended">
      <p role="status">{text}</p>
      {children}
    </footer>
  );
}
