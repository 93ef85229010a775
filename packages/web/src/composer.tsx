/** The place to write, drawn again each second. Enter sends, Shift+Enter starts a new line; text written while away is kept and sent later. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ChatView } from "./chat-model.ts";
import { fitHeight } from "./fit-height.ts";
import { SendIcon } from "./icons.tsx";
import { fill, useTexts } from "./texts.ts";

interface ComposerProps {
  view: ChatView;
  /** Once it is open. */
  takesFocus: boolean;
  onSend: (text: string) => void;
}

/** From here on the counter asks for attention. */
const NEAR_LIMIT = 50;

export function Composer({ view, takesFocus, onSend }: ComposerProps) {
  const texts = useTexts();
  const [text, setText] = useState("");
  const area = useRef<HTMLTextAreaElement>(null);
  const isOpen = view.session.state === "open";
  useLayoutEffect(() => fitHeight(area.current), [text]);
  // The button that had the focus is gone with the join form. Not on phones: their keyboard would cover the lines.
  useEffect(() => {
    if (isOpen && takesFocus && matchMedia("(hover: hover)").matches) area.current?.focus();
  }, [isOpen, takesFocus]);

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
      <Notice view={view} limitedMs={limitedMs} />
      <form
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <label class="unseen" for="text">
          {texts.yourMessage}
        </label>
        <textarea
          id="text"
          ref={area}
          rows={1}
          dir="auto"
          placeholder={isOpen ? texts.placeholder : texts.placeholderClosed}
          disabled={!isOpen}
          aria-describedby="counter"
          aria-invalid={isOver}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={onKeyDown}
        />
        <button class="send" type="submit" aria-label={texts.send} disabled={!canSend}>
          <SendIcon />
        </button>
      </form>
      <p id="counter" class={isOver ? "counter over" : view.maxChars - length <= NEAR_LIMIT ? "counter near" : "counter"}>
        <span class="hint">{texts.hint}</span>
        <span>
          {length}/{view.maxChars}
        </span>
      </p>
    </footer>
  );
}

/** The seconds run on the screen alone: nobody wants to hear each of them. */
function Notice({ view, limitedMs }: { view: ChatView; limitedMs: number }) {
  const texts = useTexts();
  const isLimited = limitedMs > 0;
  const said = isLimited ? texts.tooFastSpoken : view.notice && texts[view.notice];
  return (
    <div class="notice">
      {isLimited && <p aria-hidden="true">{fill(texts.tooFast, { time: `${Math.ceil(limitedMs / 1_000)} s` })}</p>}
      <p class={isLimited ? "unseen" : ""} role="status">
        {said}
      </p>
    </div>
  );
}
