/** The page: first a name, then the chat of the current session. */
import { useMemo, useState } from "preact/hooks";
import { Access } from "./access.ts";
import { Chat } from "./chat.tsx";
import { Join } from "./join.tsx";
import { SavedToken } from "./saved-token.ts";
import { TEXTS } from "./texts.ts";

const saved = new SavedToken("drawchat.token");

export function App() {
  const [token, setToken] = useState(() => saved.load());
  const [farewell, setFarewell] = useState<string>();
  const leave = (why?: string) => {
    saved.forget();
    setFarewell(why);
    setToken(undefined);
  };
  const join = (joined: string) => {
    saved.save(joined);
    setToken(joined);
  };
  const access = useMemo(() => new Access({ server: location.origin, token }), [token]);
  if (token === undefined) return <Join farewell={farewell} onJoin={join} />;
  return (
    <main class="place">
      <Chat
        key={token}
        access={access}
        texts={TEXTS}
        place="page"
        onLeave={() => leave()}
        onSignedOut={() => leave("Your sign-in has ended. Please join again.")}
      />
    </main>
  );
}
