/** A connection that does not come back by itself: why, and what can be done about it. */
import type { ConnectionState } from "@drawchat/client/chat-events";
import { CLOSE } from "@drawchat/protocol/errors";
import { useTexts } from "./texts.ts";

type Closed = Extract<ConnectionState, { name: "closed" }>;

interface ConnectionEndedProps {
  connection: Closed;
  onContinue: () => void;
  onSignedOut: () => void;
}

export function ConnectionEnded({ connection: { code }, onContinue, onSignedOut }: ConnectionEndedProps) {
  const texts = useTexts();
  const isSignedOut = code === CLOSE.token.code;
  const isElsewhere = code === CLOSE.replaced.code;
  return (
    <footer class="ended">
      <p role="status">{isSignedOut ? texts.signInEnded : isElsewhere ? texts.elsewhere : texts.forbidden}</p>
      {(isSignedOut || isElsewhere) && (
        <button class="primary" type="button" onClick={isSignedOut ? onSignedOut : onContinue}>
          {isSignedOut ? texts.signInAgain : texts.continueHere}
        </button>
      )}
    </footer>
  );
}

/** Not one that was closed from here. */
export function isEnded(connection: ConnectionState): connection is Closed {
  return connection.name === "closed" && connection.code !== 1000;
}
