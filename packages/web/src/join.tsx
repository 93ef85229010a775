/** Joining by name alone: the demo sign-in of development servers. */

import { ApiError } from "@drawchat/client/rest";
import { useState } from "preact/hooks";
import { signInAsDemo } from "./api.ts";

const NAME_MAX = 40;

export function Join({ farewell, onJoin }: { farewell: string | undefined; onJoin: (token: string) => void }) {
  const [name, setName] = useState("");
  const [isHost, setIsHost] = useState(false);
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState(farewell);
  const join = async (event: Event) => {
    event.preventDefault();
    if (name.trim() === "" || isBusy) return;
    setIsBusy(true);
    try {
      onJoin(await signInAsDemo(location.origin, { username: name.trim(), ...(isHost && { role: "host" }) }));
    } catch (error) {
      setProblem(problemOf(error));
      setIsBusy(false);
    }
  };
  return (
    <main class="card">
      <img class="logo" src="/assets/icon.svg" alt="" width="56" height="56" />
      <h1>Draw night</h1>
      <p class="lead">Watch the draw together. Choose the name the others will see.</p>
      <form onSubmit={(event) => void join(event)}>
        <label for="name">Your name</label>
        <input
          id="name"
          name="name"
          autocomplete="nickname"
          maxLength={NAME_MAX}
          required
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
        <label class="check">
          <input type="checkbox" checked={isHost} onChange={(event) => setIsHost(event.currentTarget.checked)} />
          Join as a host
        </label>
        <button class="primary" type="submit" disabled={isBusy || name.trim() === ""}>
          {isBusy ? "Joining…" : "Join the chat"}
        </button>
        <p class="problem" role="alert">
          {problem}
        </p>
      </form>
    </main>
  );
}

function problemOf(error: unknown): string {
  if (!(error instanceof ApiError) || error.code === "offline") return "The server cannot be reached. Please try again.";
  if (error.status === 404) return "This server has no demo sign-in: people come here through the site they are signed in to.";
  return error.message;
}
