/** The labels of a conversation: each can be taken off, and new ones added. */
import { useState } from "preact/hooks";
import { CloseIcon } from "../icons.tsx";

const LABEL_MAX_CHARS = 50;
const LABELS_MAX = 20;

export function Labels({ labels, onChange }: { labels: readonly string[]; onChange: (labels: string[]) => void }) {
  const [text, setText] = useState("");
  const add = (event: Event) => {
    event.preventDefault();
    const label = text.trim();
    setText("");
    if (label !== "" && !labels.includes(label)) onChange([...labels, label]);
  };
  return (
    <div class="field">
      <span id="labels-title">Labels</span>
      <ul class="labels" aria-labelledby="labels-title">
        {labels.map((label) => (
          <li class="label" key={label}>
            {label}
            <button type="button" aria-label={`Take off ${label}`} onClick={() => onChange(labels.filter((other) => other !== label))}>
              <CloseIcon />
            </button>
          </li>
        ))}
      </ul>
      {labels.length < LABELS_MAX && (
        <form onSubmit={add}>
          <input
            aria-label="New label"
            placeholder="Add a label"
            maxLength={LABEL_MAX_CHARS}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </form>
      )}
    </div>
  );
}
