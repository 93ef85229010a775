/** What is known about a conversation, and what an agent can change of it. */
import type { ConversationChange, ConversationPriority, ConversationStatus, User } from "@drawchat/protocol/conversations-rest";
import { useState } from "preact/hooks";
import type { ConversationModel } from "../conversation/conversation-model.ts";
import type { Workplace } from "../conversation/workplace.ts";
import { CloseIcon } from "../icons.tsx";
import { STATUS_WORDS } from "./filters.tsx";
import { Labels } from "./labels.tsx";
import { Participants } from "./participants.tsx";
import { STATUSES } from "./saved-filter.ts";
import { SNOOZES, type SnoozeName } from "./snoozes.ts";
import type { Team } from "./team.ts";

interface DetailsProps {
  model: ConversationModel;
  place: Workplace;
  me: User;
  team: Team;
  onClose: () => void;
}

export function Details({ model, place, me, team, onClose }: DetailsProps) {
  const { detail } = model;
  const change = (changed: ConversationChange) => void model.change(changed);
  return (
    <aside class="details" aria-label="Details">
      <header>
        <h2>Details</h2>
        <button class="bare" type="button" aria-label="Close the details" onClick={onClose}>
          <CloseIcon />
        </button>
      </header>
      {!detail && <p role="status">One moment…</p>}
      {detail && (
        <>
          <Subject key={detail.title} title={detail.title} onChange={(title) => change({ title })} />
          <StatusField status={detail.status} until={detail.snoozed_until} onChange={change} />
          <AssigneeField assigneeId={detail.assignee_id} me={me} team={team} onChange={(id) => change({ assignee_id: id })} />
          <PriorityField priority={detail.priority} onChange={(priority) => change({ priority })} />
          <Labels labels={detail.labels} onChange={(labels) => change({ labels })} />
          <BotField isBotOn={model.isBotOn} onChange={(is_bot_on) => change({ is_bot_on })} />
          <Participants model={model} place={place} me={me} />
        </>
      )}
    </aside>
  );
}

/** Saved when it is left. */
function Subject({ title, onChange }: { title: string | null; onChange: (title: string | null) => void }) {
  const [text, setText] = useState(title ?? "");
  const save = () => {
    const changed = text.trim() === "" ? null : text.trim();
    if (changed !== title) onChange(changed);
  };
  return (
    <label class="field">
      Subject
      <input
        maxLength={200}
        placeholder="None"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onBlur={save}
        onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()}
      />
    </label>
  );
}

interface StatusFieldProps {
  status: ConversationStatus;
  until: string | null;
  onChange: (change: ConversationChange) => void;
}

function StatusField({ status, until, onChange }: StatusFieldProps) {
  const choose = (chosen: string) => {
    const snooze = SNOOZES.find(({ name }) => name === chosen);
    const plain = STATUSES.find((name) => name === chosen);
    if (snooze) onChange({ status: "snoozed", snoozed_until: snooze.until(Date.now()) });
    else if (plain && plain !== "snoozed") onChange({ status: plain });
  };
  return (
    <label class="field">
      Status
      <select value={status} onChange={(event) => choose(event.currentTarget.value)}>
        {STATUSES.map((name) => (
          <option key={name} value={name} disabled={name === "snoozed"} hidden={name === "snoozed" && status !== "snoozed"}>
            {name === "snoozed" && until !== null ? `Snoozed until ${untilFormat.format(Date.parse(until))}` : STATUS_WORDS[name]}
          </option>
        ))}
        {SNOOZES.map(({ name }: { name: SnoozeName }) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

const untilFormat = new Intl.DateTimeFormat(undefined, { weekday: "short", hour: "numeric", minute: "2-digit" });

interface AssigneeFieldProps {
  assigneeId: number | null;
  me: User;
  team: Team;
  onChange: (assigneeId: number | null) => void;
}

function AssigneeField({ assigneeId, me, team, onChange }: AssigneeFieldProps) {
  const others = [...team.values()].filter(({ id }) => id !== me.id);
  const isUnknown = assigneeId !== null && assigneeId !== me.id && !team.has(assigneeId);
  return (
    <div class="field">
      <label class="field">
        Assigned to
        <select
          value={assigneeId ?? ""}
          onChange={({ currentTarget }) => onChange(currentTarget.value === "" ? null : Number(currentTarget.value))}
        >
          <option value="">Nobody</option>
          <option value={me.id}>{me.username} (you)</option>
          {isUnknown && <option value={assigneeId}>Agent {assigneeId}</option>}
          {others.map(({ id, username }) => (
            <option key={id} value={id}>
              {username}
            </option>
          ))}
        </select>
      </label>
      {assigneeId !== me.id && (
        <button class="quiet" type="button" onClick={() => onChange(me.id)}>
          Assign to me
        </button>
      )}
    </div>
  );
}

const PRIORITIES: readonly ConversationPriority[] = ["low", "normal", "high", "urgent"];

function PriorityField({ priority, onChange }: { priority: ConversationPriority; onChange: (priority: ConversationPriority) => void }) {
  return (
    <label class="field">
      Priority
      <select
        value={priority}
        onChange={({ currentTarget }) => {
          const chosen = PRIORITIES.find((name) => name === currentTarget.value);
          if (chosen) onChange(chosen);
        }}
      >
        {PRIORITIES.map((name) => (
          <option key={name} value={name}>
            {name[0]?.toUpperCase() + name.slice(1)}
          </option>
        ))}
      </select>
    </label>
  );
}

function BotField({ isBotOn, onChange }: { isBotOn: boolean; onChange: (isBotOn: boolean) => void }) {
  return (
    <label class="field bot-field">
      <input type="checkbox" checked={isBotOn} onChange={(event) => onChange(event.currentTarget.checked)} />
      <span>
        Bot answers
        <small>{isBotOn ? "Turn it off to take over." : "An agent has taken over."}</small>
      </span>
    </label>
  );
}
