/** Who is in a conversation. Others are found by the beginning of their name. */
import type { Participant, User } from "@drawchat/protocol/conversations-rest";
import { useState } from "preact/hooks";
import { Avatar } from "../avatar.tsx";
import type { ConversationModel } from "../conversation/conversation-model.ts";
import { CONVERSATION_TEXTS as TEXTS } from "../conversation/texts.ts";
import type { Workplace } from "../conversation/workplace.ts";
import { CloseIcon, PlusIcon } from "../icons.tsx";

const FOUND_MAX = 8;

interface ParticipantsProps {
  model: ConversationModel;
  place: Workplace;
  me: User;
}

export function Participants({ model, place, me }: ParticipantsProps) {
  const participants = model.detail?.participants ?? [];
  return (
    <div class="field">
      <span id="people-title">People</span>
      <ul class="people" aria-labelledby="people-title">
        {participants.map((participant) => (
          <ParticipantItem key={participant.user_id} participant={participant} model={model} me={me} />
        ))}
      </ul>
      <AddPerson place={place} known={participants} onAdd={(userId) => void model.addParticipant(userId)} />
    </div>
  );
}

function ParticipantItem({ participant, model, me }: { participant: Participant; model: ConversationModel; me: User }) {
  const { user_id: userId, username, profile_pic: profilePic, role } = participant;
  const presence = model.members.get(userId)?.presence ?? "offline";
  const isMe = userId === me.id;
  const remove = () => {
    const question = isMe ? "Leave the conversation?" : `Take ${username} out of the conversation? They cannot read it any more.`;
    if (confirm(question)) void model.removeParticipant(userId);
  };
  return (
    <li>
      <Avatar person={{ userId, username, profilePic }} />
      <span class="person-name">
        <bdi>{username}</bdi>
        {isMe && " (you)"}
        <small>
          {role !== "bot" && <span class={`dot ${presence}`} aria-hidden="true" />}
          {role === "bot" ? role : `${role}, ${TEXTS[presence]}`}
        </small>
      </span>
      <button
        class="bare"
        type="button"
        title={isMe ? "Leave" : "Remove"}
        aria-label={isMe ? "Leave the conversation" : `Remove ${username}`}
        onClick={remove}
      >
        <CloseIcon />
      </button>
    </li>
  );
}

interface AddPersonProps {
  place: Workplace;
  known: readonly Participant[];
  onAdd: (userId: number) => void;
}

function AddPerson({ place, known, onAdd }: AddPersonProps) {
  const [name, setName] = useState("");
  const [found, setFound] = useState<readonly User[]>();
  const search = async (event: Event) => {
    event.preventDefault();
    if (name.trim() === "") return;
    const { users } = await place.api.listUsers({ q: name.trim(), limit: FOUND_MAX }).catch(() => ({ users: [] }));
    setFound(users.filter(({ id, is_active }) => is_active && known.every(({ user_id }) => user_id !== id)));
  };
  const add = (userId: number) => {
    onAdd(userId);
    setName("");
    setFound(undefined);
  };
  return (
    <form class="add-person" onSubmit={(event) => void search(event)}>
      <input
        aria-label="Add somebody by name"
        placeholder="Add somebody by name"
        value={name}
        onInput={(event) => setName(event.currentTarget.value)}
      />
      <p class="unseen" role="status">
        {found && `${found.length} found`}
      </p>
      {found?.length === 0 && <small>Nobody of that name is there to be added.</small>}
      {found?.map(({ id, username, role }) => (
        <button key={id} class="found" type="button" onClick={() => add(id)}>
          <PlusIcon />
          <bdi>{username}</bdi> <small>{role}</small>
        </button>
      ))}
    </form>
  );
}
