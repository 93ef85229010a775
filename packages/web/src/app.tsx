/** The page: first a name, then the chat of the current session. */
import { useEffect, useState } from "preact/hooks";
import { ApiError, type ChatStatus, fetchStatus } from "./api.ts";
import type { SessionStart } from "./chat-model.ts";
import { ChatPage } from "./chat-page.tsx";
import { Join } from "./join.tsx";
import { forgetPerson, loadPerson, type Person, savePerson } from "./person.ts";
import { Waiting } from "./waiting.tsx";

const POLL_MS = 15_000;

export function App() {
  const [person, setPerson] = useState(loadPerson);
  const [farewell, setFarewell] = useState<string>();
  const leave = (why?: string) => {
    forgetPerson();
    setFarewell(why);
    setPerson(undefined);
  };
  const join = (joined: Person) => {
    savePerson(joined);
    setPerson(joined);
  };
  return person ? <CurrentSession key={person.token} person={person} onLeave={leave} /> : <Join farewell={farewell} onJoin={join} />;
}

/** Finds the session and stays with it; a later one takes over once it is on. */
function CurrentSession({ person, onLeave }: { person: Person; onLeave: (why?: string) => void }) {
  const { status, problem } = useStatus(person, onLeave);
  const [start, setStart] = useState<SessionStart | undefined>(undefined);
  useEffect(() => {
    const next = status && startOf(status);
    setStart((present) => (next && takesOver(next, present, status) ? next : present));
  }, [status]);
  if (start) {
    const nextOpensAt = opensAtOfNext(status, start);
    return <ChatPage key={start.session.session_id} person={person} start={start} nextOpensAt={nextOpensAt} onLeave={onLeave} />;
  }
  return <Waiting status={status} problem={problem} onLeave={() => onLeave()} />;
}

/** The status, asked again and again: sessions come and go while a page stays open. */
function useStatus(person: Person, onLeave: (why?: string) => void): { status: ChatStatus | undefined; problem: string | undefined } {
  const [status, setStatus] = useState<ChatStatus>();
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    const ask = async () => {
      try {
        setStatus(await fetchStatus(person.token));
        setProblem(undefined);
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) onLeave("Your sign-in has ended. Please join again.");
        setProblem(error instanceof ApiError ? error.message : "The server cannot be reached. Trying again…");
      }
    };
    void ask();
    const timer = setInterval(() => void ask(), POLL_MS);
    return () => clearInterval(timer);
  }, [person.token]);
  return { status, problem };
}

/** The first session found is shown; another one only once it is on, so that nobody is torn from the lines they read. */
function takesOver(next: SessionStart, present: SessionStart | undefined, status: ChatStatus): boolean {
  if (!present) return true;
  return next.session.session_id !== present.session.session_id && status.enabled && status.active;
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
