/**
 * The place to write: a reply, or (for agents) a note. Files come by button, by drop (conversation-view.tsx) and by
 * paste. What was begun is kept over a reload.
 */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { fitHeight } from "../fit-height.ts";
import { ClipIcon, LockIcon, SendIcon } from "../icons.tsx";
import type { ConversationModel } from "./conversation-model.ts";
import { loadDraft, saveDraft } from "./drafts.ts";
import { FILE_TYPES, type PendingUploads } from "./pending-uploads.ts";
import { type ConversationTextName, useTexts } from "./texts.ts";
import type { RoomPart } from "./thread.ts";
import { UploadList } from "./upload-list.tsx";

/** From here on the counter is shown. */
const NEAR_LIMIT = 200;

interface ComposerProps {
  model: ConversationModel;
  /** Of the draft in the storage. */
  owner: string;
  uploads: PendingUploads;
  maxChars: number;
  hasNotes: boolean;
  takesFocus: boolean;
}

export function Composer({ model, owner, uploads, maxChars, hasNotes, takesFocus }: ComposerProps) {
  const texts = useTexts();
  const [{ texts: written, part }, setDraft] = useState(() => loadDraft(owner));
  const text = written[part];
  const area = useRef<HTMLTextAreaElement>(null);
  const { ready } = uploads;
  useLayoutEffect(() => fitHeight(area.current), [text]);
  useEffect(() => saveDraft(owner, { texts: written, part, attachments: ready }), [owner, written, part, ready.length]);
  // Not on phones: their keyboard would cover the messages.
  useEffect(() => {
    if (takesFocus && matchMedia("(hover: hover)").matches) area.current?.focus();
  }, [takesFocus]);

  const isNote = part === "notes";
  const length = [...text].length;
  const hasContent = text.trim() !== "" || (!isNote && ready.length > 0);
  const canSend = hasContent && length <= maxChars && (isNote || !uploads.isBusy);
  const setText = (next: string) => setDraft({ texts: { ...written, [part]: next }, part, attachments: ready });
  const write = (next: string) => {
    setText(next);
    if (!isNote) model.typingNow(next !== "");
  };
  const send = () => {
    if (!canSend) return;
    const [first, ...others] = isNote ? [] : uploads.take();
    model.send(part, { text: text.trim(), ...(first && { attachment: first }) });
    for (const attachment of others) model.send(part, { text: "", attachment });
    setText("");
    area.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <footer class={isNote ? "composer noting" : "composer"}>
      {hasNotes && <PartSwitch part={part} onSwitch={(next) => setDraft({ texts: written, part: next, attachments: ready })} />}
      <UploadList uploads={uploads} />
      <form
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        {!isNote && <AttachButton onFiles={(files) => uploads.add(files)} />}
        <textarea
          ref={area}
          rows={1}
          dir="auto"
          aria-label={isNote ? texts.yourNote : texts.yourMessage}
          placeholder={isNote ? texts.placeholderNote : texts.placeholder}
          aria-invalid={length > maxChars}
          value={text}
          onInput={(event) => write(event.currentTarget.value)}
          onKeyDown={onKeyDown}
          onPaste={(event) => {
            const files = event.clipboardData?.files;
            if (isNote || !files || files.length === 0) return;
            event.preventDefault();
            uploads.add(files);
          }}
        />
        <button class="send" type="submit" aria-label={texts.send} disabled={!canSend}>
          <SendIcon />
        </button>
      </form>
      <p class="counter">
        <span class="hint">{texts.hint}</span>
        {maxChars - length <= NEAR_LIMIT && (
          <span class={length > maxChars ? "over" : "near"}>
            {length}/{maxChars}
          </span>
        )}
      </p>
    </footer>
  );
}

const PARTS: readonly { part: RoomPart; label: ConversationTextName }[] = [
  { part: "talk", label: "reply" },
  { part: "notes", label: "note" },
];

function PartSwitch({ part, onSwitch }: { part: RoomPart; onSwitch: (part: RoomPart) => void }) {
  const texts = useTexts();
  return (
    <fieldset class="switch">
      <legend class="unseen">{texts.writeWhat}</legend>
      {PARTS.map((choice) => (
        <label key={choice.part} class={choice.part === part ? "chosen" : ""}>
          <input type="radio" name="part" checked={choice.part === part} onChange={() => onSwitch(choice.part)} />
          {choice.part === "notes" && <LockIcon />}
          {texts[choice.label]}
        </label>
      ))}
    </fieldset>
  );
}

function AttachButton({ onFiles }: { onFiles: (files: FileList) => void }) {
  const texts = useTexts();
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={input}
        type="file"
        hidden
        multiple
        accept={FILE_TYPES.join(",")}
        onChange={({ currentTarget }) => {
          if (currentTarget.files) onFiles(currentTarget.files);
          currentTarget.value = ""; // the same file may be chosen again
        }}
      />
      <button class="bare attach" type="button" title={texts.attach} aria-label={texts.attach} onClick={() => input.current?.click()}>
        <ClipIcon />
      </button>
    </>
  );
}
