/** Signing in by name alone: the demo sign-in of development servers. */
import { ApiError } from "@drawchat/client/rest";
import { useState } from "preact/hooks";
import { signInAsDemo } from "../api.ts";

const NAME_MAX = 40;

export function SignIn({ farewell, onSignIn }: { farewell: string | undefined; onSignIn: (token: string) => void }) {
  const [name, setName] = useState("");
  const [isAdmin, setIsAdmin] = useState(false);
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState(farewell);
  const signIn = async (event: Event) => {
    event.preventDefault();
    if (name.trim() === "" || isBusy) return;
    setIsBusy(true);
    try {
      onSignIn(await signInAsDemo(location.origin, { username: name.trim(), role: isAdmin ? "admin" : "agent" }));
    } catch (error) {
      setProblem(problemOf(error));
      setIsBusy(false);
    }
  };
  return (
    <main class="card">
      <img class="logo" src="/assets/icon.svg" alt="" width="56" height="56" />
      <h1>Inbox</h1>
      <p class="lead">Answer customers together with your team.</p>
      <form onSubmit={(event) => void signIn(event)}>
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
          <input type="checkbox" checked={isAdmin} onChange={(event) => setIsAdmin(event.currentTarget.checked)} />
          Sign in as an admin
        </label>
        <button class="primary" type="submit" disabled={isBusy || name.trim() === ""}>
          {isBusy ? "Signing in…" : "Open the inbox"}
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
  if (error.status === 404) return "This server has no demo sign-in: agents come here through the site they are signed in to.";
  return error.message;
}
