/** The keyboard in the lines: arrows go from line to line, Home to the first, End to the newest, Escape to writing. */

export interface KeyActions {
  /** Lines must stay while one of them has the focus. */
  hold: () => void;
  goToEnd: () => void;
}

export function moveByKey(event: KeyboardEvent, { hold, goToEnd }: KeyActions): void {
  const box = event.currentTarget;
  if (!(box instanceof HTMLElement) || event.altKey || event.ctrlKey || event.metaKey) return;
  const target = targetOf(event.key, box, event.target);
  if (!target) return;
  event.preventDefault();
  target.focus();
  if (event.key === "End") goToEnd();
  else if (event.key !== "Escape") hold();
}

/** The heart stands for its line; a line without one (still on its way) is passed over. */
function targetOf(key: string, box: HTMLElement, from: EventTarget | null): HTMLElement | undefined {
  if (key === "Escape") return box.closest(".chat")?.querySelector("textarea") ?? undefined;
  const hearts = [...box.querySelectorAll<HTMLElement>("li .like:not(:disabled)")];
  const line = from instanceof Element ? from.closest("li") : null;
  const at = hearts.findIndex((heart) => line?.contains(heart));
  if (key === "End") return box;
  if (key === "Home") return hearts[0];
  if (key === "ArrowUp") return hearts[at < 0 ? lastInSight(box, hearts) : Math.max(0, at - 1)];
  if (key === "ArrowDown") return hearts[at < 0 ? lastInSight(box, hearts) : at + 1];
  return undefined;
}

function lastInSight(box: HTMLElement, hearts: readonly HTMLElement[]): number {
  const end = box.getBoundingClientRect().bottom;
  return hearts.findLastIndex((heart) => heart.getBoundingClientRect().top < end);
}
