/** Hints of a browser that the network may be back or gone. Elsewhere (Node) there are none. */

export interface Hints {
  /** The network or the page came back: a good moment to try. */
  onBack(): void;
  /** The network seems to have gone: worth a look. */
  onAway(): void;
}

/** Listens until the returned function is called. */
export function listenToHints(hints: Hints): () => void {
  const page = globalTarget("document");
  const window = globalTarget("window");
  const onVisible = () => {
    if (page && Reflect.get(page, "visibilityState") === "visible") hints.onBack();
  };
  const onOnline = () => hints.onBack();
  const onOffline = () => hints.onAway();
  page?.addEventListener("visibilitychange", onVisible);
  window?.addEventListener("online", onOnline);
  window?.addEventListener("offline", onOffline);
  return () => {
    page?.removeEventListener("visibilitychange", onVisible);
    window?.removeEventListener("online", onOnline);
    window?.removeEventListener("offline", onOffline);
  };
}

function globalTarget(name: "document" | "window"): EventTarget | undefined {
  const value: unknown = Reflect.get(globalThis, name);
  return value instanceof EventTarget ? value : undefined;
}
