/** The agents' page: first who one is, then the list, a conversation, and what is known about it. */

import { ApiError } from "@drawchat/client/rest";
import type { User } from "@drawchat/protocol/conversations-rest";
import { useEffect, useMemo, useState } from "preact/hooks";
import { Access } from "../access.ts";
import { Workplace } from "../conversation/workplace.ts";
import { SavedToken } from "../saved-token.ts";
import { Desk } from "./desk.tsx";
import { SignIn } from "./sign-in.tsx";

const saved = new SavedToken("drawchat.inbox.token");
const RETRY_MS = 5_000;

export function InboxApp() {
  const [token, setToken] = useState(() => saved.load());
  const [farewell, setFarewell] = useState<string>();
  const leave = (why?: string) => {
    saved.forget();
    setFarewell(why);
    setToken(undefined);
  };
  const enter = (given: string) => {
    saved.save(given);
    setToken(given);
  };
  if (token === undefined) return <SignIn farewell={farewell} onSignIn={enter} />;
  return <SignedIn key={token} token={token} onLeave={leave} />;
}

function SignedIn({ token, onLeave }: { token: string; onLeave: (why?: string) => void }) {
  const place = useMemo(() => new Workplace(new Access({ server: location.origin, token })), [token]);
  const { me, problem } = useMe(place, onLeave);
  useEffect(() => {
    place.start();
    return () => place.stop();
  }, [place]);
  if (!me) {
    return (
      <main class="waiting">
        <p role="status">{problem ?? "One moment…"}</p>
      </main>
    );
  }
  if (me.role !== "agent" && me.role !== "admin") {
    return (
      <main class="waiting">
        <p>The inbox is for agents. You are signed in as {me.username}.</p>
        <button class="primary" type="button" onClick={() => onLeave()}>
          Sign in as somebody else
        </button>
      </main>
    );
  }
  return (
    <Desk place={place} me={me} onLeave={() => onLeave()} onSignedOut={() => onLeave("Your sign-in has ended. Please sign in again.")} />
  );
}

/** Asked until there is an answer. */
function useMe(place: Workplace, onLeave: (why?: string) => void) {
  const [me, setMe] = useState<User>();
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    const ask = async () => {
      try {
        const answer = await place.api.findMe();
        if (!isOver) setMe(answer);
      } catch (error) {
        if (isOver) return;
        if (error instanceof ApiError && error.status === 401) return onLeave("Your sign-in has ended. Please sign in again.");
        if (error instanceof ApiError && error.status === 403) return onLeave("This user was deactivated.");
        setProblem("The server cannot be reached. Trying again…");
        timer = setTimeout(() => void ask(), RETRY_MS);
      }
    };
    void ask();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [place]);
  return { me, problem };
}
