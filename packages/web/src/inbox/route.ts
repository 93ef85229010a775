/** The address is the place: `#/99` a conversation, `#/99/4711` a message in it. A reload and the back button follow it. */
import { useEffect, useState } from "preact/hooks";

export interface Route {
  conversationId: number | undefined;
  /** A message to be shown. */
  target: number | undefined;
}

export function hrefOf(conversationId: number, target?: number): string {
  return `#/${conversationId}${target === undefined ? "" : `/${target}`}`;
}

export function useRoute(): Route {
  const [route, setRoute] = useState(read);
  useEffect(() => {
    const onChange = () => setRoute(read());
    addEventListener("hashchange", onChange);
    return () => removeEventListener("hashchange", onChange);
  }, []);
  return route;
}

function read(): Route {
  const [, conversation, message] = /^#\/([1-9]\d{0,15})(?:\/([1-9]\d{0,15}))?$/.exec(location.hash) ?? [];
  return { conversationId: idOf(conversation), target: idOf(message) };
}

function idOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}
