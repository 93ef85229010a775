/** The place to write. Enter sends, Shift+Enter starts a new line; text written while away is kept and sent later. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ChatView } from "./chat-model.ts";
import { SendIcon } from "./icons.tsx";

interface ComposerProps {
  view: ChatView;
  now: number;
  onSend: (text: string) => void;
}

/** From here on the counter asks for attention. */
const NEAR_LIMIT = 50;

export function Composer({ view, now, onSend }: ComposerProps) {
  const [text, setText] = useState("");
  const area = useRef<HTMLTextAreaElement>(null);
  const isOpen = view.session.state === "open";
  useLayoutEffect(() => fitHeight(area.current), [text]);
  // The button that had the focus is gone with the join form. Not on phones: their keyboard would cover the lines.
  useEffect(() => {
    if (isOpen && matchMedia("(hover: hover)").matches) area.current?.focus();
  }, [isOpen]);

  const length = [...text].length;
  const limitedMs = view.limitedUntil - Date.now();
  const canSend = isOpen && text.trim() !== "" && length <= view.maxChars && limitedMs <= 0;
  const send = () => {
    if (!canSend) return;
    onSend(text.trim());
    setText("");
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  };
  const isOver = length > view.maxChars;
  return (
    <footer class="composer">
      <p class="notice" role="status">
        {noticeOf(view, limitedMs, now)}
      </p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <label class="unseen" for="text">
          Your message
        </label>
        <textarea
          id="text"
          ref={area}
          rows={1}
          dir="auto"
          placeholder={isOpen ? "Write to everyone…" : "The chat is not open yet"}
          disabled={!isOpen}
          aria-describedby="counter"
          aria-invalid={isOver}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={onKeyDown}
        />
        <button class="send" type="submit" aria-label="Send" disabled={!canSend}>
          <SendIcon />
        </button>
      </form>
      <p id="counter" class={isOver ? "counter over" : view.maxChars - length <= NEAR_LIMIT ? "counter near" : "counter"}>
        <span class="hint">Enter sends, Shift+Enter starts a new line</span>
        <span>
          {length}/{view.maxChars}
        </span>
      </p>
    </footer>
  );
}

/** `now` only makes it redraw each second. */
function noticeOf(view: ChatView, limitedMs: number, _now: number): string | undefined {
  if (limitedMs > 0) return `That was fast. You can write again in ${Math.ceil(limitedMs / 1_000)} s.`;
  return view.notice;
}

/** As high as its text, up to the height the style sheet allows. */
function fitHeight(area: HTMLTextAreaElement | null): void {
  if (!area) return;
  area.style.height = "auto";
  area.style.height = `${area.scrollHeight + 2}px`;
}
