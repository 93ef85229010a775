/** One item of a conversation: a message or note, who came or went, a day. Text is always text. */
import { Component } from "preact";
import { useState } from "preact/hooks";
import { Avatar, hueOf } from "../avatar.tsx";
import { formatTime } from "../countdown.ts";
import { CheckIcon, ClockIcon, DoubleCheckIcon, LockIcon, PenIcon, TrashIcon } from "../icons.tsx";
import { AttachmentView } from "./attachment-view.tsx";
import type { Files } from "./files.ts";
import { MessageEdit } from "./message-edit.tsx";
import { type ConversationTextName, fill, useTexts } from "./texts.ts";
import type { Item, Shown } from "./thread.ts";
import { formatDay } from "./times.ts";

export interface MessageActions {
  onRetry: (clientId: string) => void;
  onDiscard: (clientId: string) => void;
  onEdit: (messageId: number, text: string) => void;
  onRemove: (messageId: number) => void;
}

interface ItemProps {
  item: Item;
  /** Who has read up to here: names. */
  seen: string;
  maxChars: number;
  files: Files;
  actions: MessageActions;
}

/** Draws an item again only where something of it changed. */
export class ItemView extends Component<ItemProps> {
  override shouldComponentUpdate({ item, seen, maxChars }: ItemProps): boolean {
    const { props } = this;
    if (seen !== props.seen || maxChars !== props.maxChars || item.key !== props.item.key) return true;
    if (item.kind !== "message" || props.item.kind !== "message") return item.kind === "day";
    return item.message !== props.item.message || item.startsGroup !== props.item.startsGroup;
  }

  render({ item, ...rest }: ItemProps) {
    if (item.kind === "message") return <Message message={item.message} startsGroup={item.startsGroup} {...rest} />;
    return <Separator item={item} />;
  }
}

function Separator({ item }: { item: Exclude<Item, { kind: "message" }> }) {
  const texts = useTexts();
  if (item.kind === "day") {
    return (
      <li class="day">
        <span>{formatDay(item.at, texts)}</span>
      </li>
    );
  }
  if (item.kind === "unread") {
    return (
      <li class="day unread-line">
        <span>{texts.unread}</span>
      </li>
    );
  }
  return <li class="happened">{fill(item.joined ? texts.came : texts.went, { name: item.username })}</li>;
}

type MessageProps = Omit<ItemProps, "item"> & { message: Shown; startsGroup: boolean };

function Message({ message, startsGroup, seen, maxChars, files, actions }: MessageProps) {
  const texts = useTexts();
  const [mode, setMode] = useState<"read" | "edit" | "remove">("read");
  const { id, isMine, isNote, isDeleted, mark } = message;
  const kinds = ["message", startsGroup && "first", isMine && "mine", isNote && "note", isDeleted && "deleted", mark];
  return (
    <li class={kinds.filter(Boolean).join(" ")} data-id={id} data-mark={mark} tabIndex={-1}>
      {!isMine && (startsGroup ? <Avatar person={message} /> : <span class="avatar-space" />)}
      <div class="content">
        {startsGroup ? <Who message={message} /> : <span class="unseen">{message.username}: </span>}
        {mode === "edit" ? (
          <MessageEdit
            text={message.text}
            mayBeEmpty={message.attachment !== null}
            maxChars={maxChars}
            onSave={(text) => {
              setMode("read");
              if (id !== undefined && text !== message.text) actions.onEdit(id, text);
            }}
            onCancel={() => setMode("read")}
          />
        ) : (
          <div class="bubble-row">
            {isMine && mode === "read" && !isDeleted && id !== undefined && (
              <Tools onEdit={() => setMode("edit")} onRemove={() => setMode("remove")} />
            )}
            <Bubble message={message} files={files} />
          </div>
        )}
        {mode === "remove" && id !== undefined && (
          <p class="question" role="alert">
            {texts.removeReally}
            <button
              type="button"
              onClick={() => {
                setMode("read");
                actions.onRemove(id);
              }}
            >
              {texts.remove}
            </button>
            <button type="button" onClick={() => setMode("read")}>
              {texts.cancel}
            </button>
          </p>
        )}
        {message.failed && <Failure message={message} actions={actions} />}
        {seen !== "" && <p class="seen">{fill(texts.seenBy, { name: seen })}</p>}
      </div>
    </li>
  );
}

function Who({ message: { userId, username, role, isMine, isNote, at } }: { message: Shown }) {
  const texts = useTexts();
  return (
    <p class="who">
      {isMine ? <span class="unseen">{texts.you}</span> : <bdi class={`name ${hueOf(userId)}`}>{username}</bdi>}
      {role === "bot" && <span class="badge bot">{texts.bot}</span>}
      {!isMine && (role === "agent" || role === "admin") && <span class="badge team">{texts.team}</span>}
      {isNote && (
        <span class="badge private">
          <LockIcon />
          {texts.note}
        </span>
      )}
      <time dateTime={new Date(at).toISOString()}>{formatTime(at)}</time>
    </p>
  );
}

function Bubble({ message, files }: { message: Shown; files: Files }) {
  const texts = useTexts();
  const { text, attachment, isDeleted, isEdited, mark } = message;
  return (
    <div class="bubble">
      {attachment && <AttachmentView attachment={attachment} files={files} />}
      {isDeleted && <p class="text gone">{texts.deleted}</p>}
      {text !== "" && (
        <p class="text" dir="auto">
          {text}
        </p>
      )}
      {isEdited && !isDeleted && <span class="edited">{texts.edited}</span>}
      {mark && mark !== "failed" && !isDeleted && <MarkIcon mark={mark} />}
    </div>
  );
}

function MarkIcon({ mark }: { mark: "sending" | "sent" | "stored" }) {
  const texts = useTexts();
  return (
    <span class={`mark ${mark}`} title={texts[mark]}>
      {mark === "sending" ? <ClockIcon /> : mark === "sent" ? <CheckIcon /> : <DoubleCheckIcon />}
      <span class="unseen">{texts[mark]}</span>
    </span>
  );
}

/** Reached by the arrow keys: see item-keys.ts. */
function Tools({ onEdit, onRemove }: { onEdit: () => void; onRemove: () => void }) {
  const texts = useTexts();
  return (
    <div class="message-tools">
      <button class="bare" type="button" tabIndex={-1} title={texts.edit} aria-label={texts.edit} onClick={onEdit}>
        <PenIcon />
      </button>
      <button class="bare" type="button" tabIndex={-1} title={texts.remove} aria-label={texts.remove} onClick={onRemove}>
        <TrashIcon />
      </button>
    </div>
  );
}

const REFUSALS: Readonly<Record<string, ConversationTextName>> = {
  rate_limited: "notSentTooFast",
  not_found: "notSentGone",
  removed: "notSentGone",
  bad_attachment: "notSentFile",
};

function Failure({ message, actions }: { message: Shown; actions: MessageActions }) {
  const texts = useTexts();
  const status = message.failed?.status;
  if (status?.state !== "failed") return null;
  return (
    <p class="failure">
      <span>{texts[REFUSALS[status.code] ?? "notSent"]}</span>
      {status.retryable && (
        <button type="button" onClick={() => actions.onRetry(message.key)}>
          {texts.tryAgain}
        </button>
      )}
      <button type="button" onClick={() => actions.onDiscard(message.key)}>
        {texts.discard}
      </button>
    </p>
  );
}
