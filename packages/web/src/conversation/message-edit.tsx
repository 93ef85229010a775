/** An own message while it is edited: Enter saves, Escape leaves it as it was. */
import { useEffect, useRef, useState } from "preact/hooks";
import { fitHeight } from "../fit-height.ts";
import { useTexts } from "./texts.ts";

interface MessageEditProps {
  text: string;
  /** There is a file beside it. */
  mayBeEmpty: boolean;
  maxChars: number;
  onSave: (text: string) => void;
  onCancel: () => void;
}

export function MessageEdit({ text: before, mayBeEmpty, maxChars, onSave, onCancel }: MessageEditProps) {
  const texts = useTexts();
  const [text, setText] = useState(before);
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => area.current?.focus(), []);
  useEffect(() => fitHeight(area.current), [text]);
  const canSave = (mayBeEmpty || text.trim() !== "") && [...text].length <= maxChars;
  const onKeyDown = (event: KeyboardEvent) => {
    event.stopPropagation(); // the list has keys of its own
    if (event.key === "Escape") onCancel();
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    if (canSave) onSave(text.trim());
  };
  return (
    <form
      class="message-edit"
      onSubmit={(event) => {
        event.preventDefault();
        if (canSave) onSave(text.trim());
      }}
    >
      <textarea
        ref={area}
        rows={1}
        dir="auto"
        aria-label={texts.yourMessage}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <button class="quiet" type="submit" disabled={!canSave}>
        {texts.save}
      </button>
      <button class="quiet" type="button" onClick={onCancel}>
        {texts.cancel}
      </button>
    </form>
  );
}
