/** What is shown while there is no session to show. */
import type { ChatStatus } from "./api.ts";

interface WaitingProps {
  status: ChatStatus | undefined;
  problem: string | undefined;
  onLeave: () => void;
}

export function Waiting({ status, problem, onLeave }: WaitingProps) {
  return (
    <main class="card">
      <img class="logo" src="/assets/icon.svg" alt="" width="56" height="56" />
      <h1>Draw night</h1>
      <p class="lead" role="status">
        {problem ?? sentenceFor(status)}
      </p>
      <button class="quiet" type="button" onClick={onLeave}>
        Use another name
      </button>
    </main>
  );
}

function sentenceFor(status: ChatStatus | undefined): string {
  if (!status) return "One moment…";
  if (!status.enabled) return "The live chat is switched off at the moment.";
  return "No draw is planned yet. This page opens by itself when one is.";
}
