/** The messages of a conversation. They follow the newest one unless the reader has scrolled up; older ones come on the way. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { DownIcon } from "../icons.tsx";
import { useReading } from "../reading.ts";
import type { ConversationModel } from "./conversation-model.ts";
import type { Files } from "./files.ts";
import { moveInItems } from "./item-keys.ts";
import { ItemView, type MessageActions } from "./message-item.tsx";
import { useTexts } from "./texts.ts";
import type { Item } from "./thread.ts";

/** So near to the oldest message the next older page is fetched. */
const NEAR_TOP_PX = 400;

interface MessagesProps {
  model: ConversationModel;
  maxChars: number;
  files: Files;
  /** A message to be shown, from a search. */
  target: number | undefined;
}

export function Messages({ model, maxChars, files, target }: MessagesProps) {
  const texts = useTexts();
  const box = useRef<HTMLDivElement>(null);
  const { items, older, seen } = model;
  const [, setIsAtEnd] = useState(true);
  const reading = useReading(
    box,
    { lines: items, hasMore: false, sent: model.sent },
    useMemo(() => ({ onFollow: setIsAtEnd, onReadOn: () => undefined }), []),
  );
  const actions = useMemo(() => actionsOf(model), [model]);
  const loadWhenNear = () => {
    if (box.current && box.current.scrollTop < NEAR_TOP_PX && !older.hasFailed) void model.loadOlder();
  };
  useEffect(loadWhenNear, [items, older.has, older.isLoading]);
  useReadMark(model, reading.isFollowing);
  useTarget(box, model, target, reading.hold);
  return (
    <div class="messages">
      {/* One stop for the Tab key, beside files and failures. */}
      <section
        class="scroll"
        ref={box}
        onScroll={() => {
          reading.onScroll();
          loadWhenNear();
        }}
        onKeyDown={(event) => moveInItems(event, reading)}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
        tabIndex={0}
        aria-label={texts.messageKeys}
      >
        {items.length === 0 && !older.isLoading && !older.has && <p class="empty">{texts.noMessages}</p>}
        <div role="log" aria-label={texts.messages} aria-live="off">
          <ol>
            {items.map((item) => (
              <ItemView
                key={item.key}
                item={item}
                seen={(seen.get(item.key) ?? []).join(texts.and)}
                maxChars={maxChars}
                files={files}
                actions={actions}
              />
            ))}
          </ol>
        </div>
      </section>
      <OlderLine model={model} />
      <Spoken items={items} />
      {!reading.isFollowing && (
        <button class="to-end" type="button" onClick={reading.goToEnd}>
          <DownIcon />
          {texts.toNewest}
        </button>
      )}
    </div>
  );
}

/** Above the messages, not among them: it moves nothing. */
function OlderLine({ model }: { model: ConversationModel }) {
  const texts = useTexts();
  const { isLoading, hasFailed } = model.older;
  return (
    <div class="older" role="status">
      {isLoading && <p>{texts.loadingOlder}</p>}
      {hasFailed && (
        <p>
          {texts.olderFailed}{" "}
          <button class="quiet" type="button" onClick={() => void model.loadOlder()}>
            {texts.tryAgain}
          </button>
        </p>
      )}
    </div>
  );
}

/** New messages of others, for screen readers: what is there at the start, and older pages, are not new. */
function Spoken({ items }: { items: readonly Item[] }) {
  const texts = useTexts();
  const heardUpto = useRef<number | undefined>(undefined);
  const [spoken, setSpoken] = useState("");
  useEffect(() => {
    const last = items.findLast((item) => item.kind === "message" && item.message.id !== undefined);
    if (last?.kind !== "message" || last.message.id === undefined) return;
    const { id, isMine, username, text, attachment } = last.message;
    const isNew = heardUpto.current !== undefined && id > heardUpto.current;
    heardUpto.current = Math.max(heardUpto.current ?? 0, id);
    if (isNew && !isMine) setSpoken(`${username}: ${text || (attachment ? attachment.name : texts.deleted)}`);
  }, [items, texts]);
  return (
    <p class="unseen" role="status">
      {spoken}
    </p>
  );
}

/** What is on the screen, at the end, on a page that is looked at, was read. */
function useReadMark(model: ConversationModel, isFollowing: boolean): void {
  const { items, isMember } = model;
  useEffect(() => {
    const mark = () => {
      if (isFollowing && isMember && document.visibilityState === "visible") model.markRead();
    };
    mark();
    document.addEventListener("visibilitychange", mark);
    return () => document.removeEventListener("visibilitychange", mark);
  }, [model, items, isMember, isFollowing]);
}

/** Loads older pages until the message is there, and goes to it. */
function useTarget(box: { current: HTMLElement | null }, model: ConversationModel, target: number | undefined, hold: () => void): void {
  const reached = useRef<number | undefined>(undefined);
  const { items, older } = model;
  useEffect(() => {
    if (target === undefined || reached.current === target) return;
    const item = box.current?.querySelector<HTMLElement>(`[data-id="${target}"]`);
    if (!item) {
      if (!older.hasFailed) void model.loadOlder();
      return;
    }
    reached.current = target;
    hold();
    item.scrollIntoView({ block: "center" });
    item.focus({ preventScroll: true });
  }, [box, model, target, items, older.isLoading, older.hasFailed, hold]);
}

function actionsOf(model: ConversationModel): MessageActions {
  return {
    onRetry: (clientId) => model.retry(clientId),
    onDiscard: (clientId) => model.discard(clientId),
    onEdit: (messageId, text) => void model.edit(messageId, text),
    onRemove: (messageId) => void model.remove(messageId),
  };
}
