/** The first words of a conversation: they make it. The text stays until that is done, also over a reload. */
import type { NewConversation as NewConversationBody } from "@drawchat/protocol/conversations-rest";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { loadDraft, saveDraft } from "../conversation/drafts.ts";
import { problemWords } from "../conversation/problems.ts";
import type { Workplace } from "../conversation/workplace.ts";
import { fitHeight } from "../fit-height.ts";
import { SendIcon } from "../icons.tsx";
import { useSupportTexts } from "./texts.ts";

interface NewConversationProps {
  place: Workplace;
  takesFocus: boolean;
  onCreated: (id: number) => void;
}

export function NewConversation({ place, takesFocus, onCreated }: NewConversationProps) {
  const texts = useSupportTexts();
  const owner = `${place.owner}.new`;
  const [text, setText] = useState(() => loadDraft(owner).texts.talk);
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const area = useRef<HTMLTextAreaElement>(null);
  /** The same at each attempt, so that a repeated one makes no second conversation. */
  const ids = useRef({ conversation: crypto.randomUUID(), message: crypto.randomUUID() });
  useLayoutEffect(() => fitHeight(area.current), [text]);
  useEffect(() => saveDraft(owner, { texts: { talk: text, notes: "" }, part: "talk", attachments: [] }), [owner, text]);
  useEffect(() => {
    if (takesFocus && matchMedia("(hover: hover)").matches) area.current?.focus();
  }, [takesFocus]);

  const canSend = text.trim() !== "" && [...text].length <= place.maxChars && !isBusy;
  const send = async () => {
    if (!canSend) return;
    setIsBusy(true);
    setProblem(undefined);
    const { conversation, message } = ids.current;
    const body: NewConversationBody = { client_id: conversation, message: { client_id: message, message: text.trim() } };
    try {
      const { id } = await place.api.createConversation(body);
      saveDraft(owner, { texts: { talk: "", notes: "" }, part: "talk", attachments: [] });
      onCreated(id);
    } catch (error) {
      const words = problemWords(error);
      setProblem(words === "failed" ? texts.createFailed : texts[words]);
      setIsBusy(false);
    }
  };
  return (
    <div class="new-conversation">
      <div class="welcome">
        <p class="welcome-title">{texts.welcome}</p>
        <p>{texts.welcomeMore}</p>
      </div>
      <footer class="composer">
        <p class="failure" role="alert">
          {problem}
        </p>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void send();
          }}
        >
          <textarea
            ref={area}
            rows={1}
            dir="auto"
            aria-label={texts.yourMessage}
            placeholder={texts.placeholder}
            readOnly={isBusy}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
              event.preventDefault();
              void send();
            }}
          />
          <button class="send" type="submit" aria-label={texts.send} disabled={!canSend}>
            <SendIcon />
          </button>
        </form>
        <p class="counter">
          <span class="hint">{texts.hint}</span>
        </p>
      </footer>
    </div>
  );
}
