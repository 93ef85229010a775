/** The chat, as page and widget show it: finds the session, stays with it, and lets a later one take over once it is on. */

import { ApiError } from "@drawchat/client/rest";
import { useEffect, useState } from "preact/hooks";
import type { Access } from "./access.ts";
import { type ChatStatus, fetchStatus } from "./api.ts";
import type { SessionStart } from "./chat-model.ts";
import { type Place, SessionChat } from "./session-chat.tsx";
import { type TextName, type Texts, TextsContext, useTexts } from "./texts.ts";

const POLL_MS = 15_000;

export interface ChatProps {
  access: Access;
  texts: Texts;
  /** Undefined: the current session. */
  sessionId?: number | undefined;
  place: Place;
  /** Absent: there is no button for it. */
  onLeave?: (() => void) | undefined;
  /** A person whose token the server does not take any more wants to come back. */
  onSignedOut: () => void;
}

export function Chat({ texts, ...props }: ChatProps) {
  return (
    <TextsContext.Provider value={texts}>
      <CurrentSession {...props} />
    </TextsContext.Provider>
  );
}

function CurrentSession({ access, sessionId, place, onLeave, onSignedOut }: Omit<ChatProps, "texts">) {
  const { status, problem } = useStatus(access, sessionId);
  const [start, setStart] = useState<SessionStart>();
  useEffect(() => {
    const next = status && startOf(status);
    setStart((present) => (next && takesOver(next, present, status) ? next : present));
  }, [status]);
  if (!start) return <Waiting status={status} problem={problem} onLeave={onLeave} onSignedOut={onSignedOut} />;
  const key = start.session.session_id;
  const nextOpensAt = opensAtOfNext(status, start);
  return (
    <SessionChat
      key={key}
      access={access}
      start={start}
      nextOpensAt={nextOpensAt}
      place={place}
      onLeave={onLeave}
      onSignedOut={onSignedOut}
    />
  );
}

type WaitingProps = Pick<ChatProps, "onLeave" | "onSignedOut"> & { status: ChatStatus | undefined; problem: TextName | undefined };

/** What is shown while there is no session to show. */
function Waiting({ status, problem, onLeave, onSignedOut }: WaitingProps) {
  const texts = useTexts();
  const sentence = !status ? "oneMoment" : status.enabled ? "noDraw" : "switchedOff";
  return (
    <section class="chat waiting" aria-label={texts.title}>
      <p role="status">{texts[problem ?? sentence]}</p>
      {problem === "signInEnded" ? (
        <button class="primary" type="button" onClick={onSignedOut}>
          {texts.joinAgain}
        </button>
      ) : (
        onLeave && (
          <button class="quiet" type="button" onClick={onLeave}>
            {texts.anotherName}
          </button>
        )
      )}
    </section>
  );
}

/** The status, asked again and again: sessions come and go while a page stays open. */
function useStatus(access: Access, sessionId: number | undefined) {
  const [status, setStatus] = useState<ChatStatus>();
  const [problem, setProblem] = useState<TextName>();
  useEffect(() => {
    let isOver = false;
    const ask = async () => {
      try {
        const answer = await fetchStatus(access, sessionId);
        if (isOver) return;
        setStatus(answer);
        setProblem(undefined);
      } catch (error) {
        if (!isOver) setProblem(error instanceof ApiError && error.status === 401 ? "signInEnded" : "unreachable");
      }
    };
    void ask();
    const timer = setInterval(() => void ask(), POLL_MS);
    return () => {
      isOver = true;
      clearInterval(timer);
    };
  }, [access, sessionId]);
  return { status, problem };
}

/** The first session found is shown; another one only once it is on, so that nobody is torn from the lines they read. */
function takesOver(next: SessionStart, present: SessionStart | undefined, status: ChatStatus): boolean {
  if (!present || next.session.session_id === present.session.session_id) return true;
  return status.enabled && status.active;
}

/** When another session than the one on the screen opens, in Unix ms. */
function opensAtOfNext(status: ChatStatus | undefined, { session }: SessionStart): number | undefined {
  const next = status && startOf(status)?.session;
  return next && next.session_id !== session.session_id && next.state === "scheduled" ? Date.parse(next.opens_at) : undefined;
}

function startOf(status: ChatStatus): SessionStart | undefined {
  if (!status.enabled || status.state === "no_draw") return undefined;
  const { session_id, state, opens_at, closes_at, draw_at } = status;
  if (session_id === null || opens_at === null || closes_at === null || draw_at === null) return undefined;
  return { session: { session_id, state, opens_at, closes_at, draw_at }, viewers: status.viewers, totalLikes: status.total_likes };
}
