/**
 * The keyboard in the messages: arrows go from one to the next, right and left to what can be done with it, Home to the
 * first, End to the newest, Escape to writing.
 */
export interface KeyActions {
  /** Messages must stay while one of them has the focus. */
  hold: () => void;
  goToEnd: () => void;
}

export function moveInItems(event: KeyboardEvent, { hold, goToEnd }: KeyActions): void {
  const box = event.currentTarget;
  if (!(box instanceof HTMLElement) || event.altKey || event.ctrlKey || event.metaKey) return;
  const target = targetOf(event.key, box, event.target);
  if (!target) return;
  event.preventDefault();
  target.focus();
  if (event.key === "End") goToEnd();
  else if (event.key !== "Escape") hold();
}

function targetOf(key: string, box: HTMLElement, from: EventTarget | null): HTMLElement | undefined {
  if (key === "Escape") return box.closest(".conversation")?.querySelector<HTMLElement>(".composer textarea") ?? undefined;
  const items = [...box.querySelectorAll<HTMLElement>("li.message")];
  const item = from instanceof Element ? from.closest<HTMLElement>("li.message") : null;
  const at = item ? items.indexOf(item) : -1;
  switch (key) {
    case "Home":
      return items[0];
    case "End":
      return items.at(-1);
    case "ArrowUp":
      return items[at < 0 ? lastInSight(box, items) : Math.max(0, at - 1)];
    case "ArrowDown":
      return items[at < 0 ? lastInSight(box, items) : at + 1];
    case "ArrowRight":
      return item ? beside(item, from, 1) : undefined;
    case "ArrowLeft":
      return item ? (beside(item, from, -1) ?? item) : undefined;
    default:
      return undefined;
  }
}

/** The next of the item's buttons, or the one before. */
function beside(item: HTMLElement, from: EventTarget | null, step: 1 | -1): HTMLElement | undefined {
  const buttons = [...item.querySelectorAll<HTMLElement>("button:not(:disabled)")];
  const at = from instanceof HTMLElement ? buttons.indexOf(from) : -1;
  return at < 0 ? (step === 1 ? buttons[0] : undefined) : buttons[at + step];
}

function lastInSight(box: HTMLElement, items: readonly HTMLElement[]): number {
  const end = box.getBoundingClientRect().bottom;
  return items.findLastIndex((item) => item.getBoundingClientRect().top < end);
}
