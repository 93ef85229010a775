/** The chat of one session: header, lines, and the place to write. */
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { ChatModel, type ChatView, type SessionStart } from "./chat-model.ts";
import { Composer } from "./composer.tsx";
import { formatLeft } from "./countdown.ts";
import { Header } from "./header.tsx";
import { type LineActions, Lines } from "./lines.tsx";
import type { Person } from "./person.ts";

interface ChatPageProps {
  person: Person;
  start: SessionStart;
  /** Unix ms of another session's opening, where one is planned. */
  nextOpensAt: number | undefined;
  onLeave: (why?: string) => void;
}

export function ChatPage({ person, start, nextOpensAt, onLeave }: ChatPageProps) {
  const model = useModel(person, start);
  const now = useServerClock(model);
  const actions = useMemo(() => actionsOf(model), [model]);
  const { view } = model;
  return (
    <div class="chat">
      <Header view={view} now={now} person={person} onLike={() => void model.likeSession()} onLeave={() => onLeave()} />
      <Connection view={view} />
      <Lines view={view} now={now} actions={actions} />
      <Footer view={view} now={now} model={model} nextOpensAt={nextOpensAt} onLeave={onLeave} />
    </div>
  );
}

function actionsOf(model: ChatModel): LineActions {
  return {
    onLike: (id) => void model.likeMessage(id),
    onRetry: (clientId) => model.retry(clientId),
    onDiscard: (clientId) => model.discard(clientId),
  };
}

/** One model for the life of the page; each of its changes redraws. */
function useModel(person: Person, start: SessionStart): ChatModel {
  const [, redraw] = useState(0);
  const [model] = useState(() => new ChatModel(person, start, () => redraw((count) => count + 1)));
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
    const timer = setInterval(() => setNow(model.serverNow()), 1_000);
    return () => clearInterval(timer);
  }, [model]);
  return now;
}

function Connection({ view }: { view: ChatView }) {
  return (
    <div class="connection" role="status">
      {view.connection.name === "reconnecting" && <p>Reconnecting… What you write is kept and sent when you are back.</p>}
    </div>
  );
}

type FooterProps = Pick<ChatPageProps, "nextOpensAt" | "onLeave"> & { view: ChatView; now: number; model: ChatModel };

/** The place to write, or why there is none. */
function Footer({ view, now, model, nextOpensAt, onLeave }: FooterProps) {
  const { connection, session } = view;
  if (connection.name === "closed" && connection.code === 4509) {
    return (
      <Ended text="You opened the chat somewhere else, so it paused here.">
        <button class="primary" type="button" onClick={() => model.start()}>
          Continue here
        </button>
      </Ended>
    );
  }
  if (connection.name === "closed" && connection.code === 4501) {
    return (
      <Ended text="Your sign-in has ended.">
        <button class="primary" type="button" onClick={() => onLeave("Your sign-in has ended. Please join again.")}>
          Join again
        </button>
      </Ended>
    );
  }
  if (connection.name === "closed" && connection.code === 4503) return <Ended text="You cannot take part in this chat." />;
  if (session.state === "cancelled") return <Ended text="This draw was cancelled." />;
  if (session.state === "closed" || connection.name === "closed") {
    return (
      <Ended text="The chat is closed. Thank you for being here!">
        {nextOpensAt !== undefined && (
          <p>
            The next one opens in <strong class="left">{formatLeft(nextOpensAt - now)}</strong>.
          </p>
        )}
      </Ended>
    );
  }
  return <Composer view={view} now={now} onSend={(text) => model.send(text)} />;
}

function Ended({ text, children }: { text: string; children?: ComponentChildren }) {
  return (
    <footer class="ended">
      <p role="status">{text}</p>
      {children}
    </footer>
  );
}
