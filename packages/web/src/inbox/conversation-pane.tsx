/** One conversation at the desk: what is said, and beside it what is known about it. */
import type { User } from "@drawchat/protocol/conversations-rest";
import { useEffect, useState } from "preact/hooks";
import { Avatar } from "../avatar.tsx";
import { ConversationModel } from "../conversation/conversation-model.ts";
import { ConversationView } from "../conversation/conversation-view.tsx";
import { CONVERSATION_TEXTS as TEXTS } from "../conversation/texts.ts";
import { askerOf, titleOf } from "../conversation/titles.ts";
import type { Workplace } from "../conversation/workplace.ts";
import { BackIcon, DetailsIcon } from "../icons.tsx";
import { Details } from "./details.tsx";
import type { Team } from "./team.ts";

interface ConversationPaneProps {
  place: Workplace;
  me: User;
  team: Team;
  conversationId: number;
  target: number | undefined;
  onSignedOut: () => void;
}

export function ConversationPane({ place, me, team, conversationId, target, onSignedOut }: ConversationPaneProps) {
  const model = useModel(place, me, conversationId);
  const [hasDetails, setHasDetails] = useState(() => matchMedia("(min-width: 72rem)").matches);
  return (
    <>
      <ConversationView model={model} place={place} hasNotes takesFocus target={target} onSignedOut={onSignedOut}>
        <PaneHeader model={model} hasDetails={hasDetails} onDetails={() => setHasDetails(!hasDetails)} />
      </ConversationView>
      {hasDetails && <Details model={model} place={place} me={me} team={team} onClose={() => setHasDetails(false)} />}
    </>
  );
}

interface PaneHeaderProps {
  model: ConversationModel;
  hasDetails: boolean;
  onDetails: () => void;
}

function PaneHeader({ model, hasDetails, onDetails }: PaneHeaderProps) {
  const { detail, isBotOn } = model;
  const isResolved = detail?.status === "resolved";
  return (
    <header class="pane-header">
      <a class="bare back" href="#/" aria-label="Back to the list">
        <BackIcon />
      </a>
      {detail && <Avatar person={askerOf(detail)} />}
      <div class="pane-title">
        <h2>{detail ? titleOf(detail) : `Conversation ${model.id}`}</h2>
        <p>
          <AskerPresence model={model} />
          {isBotOn && <span class="badge bot">Bot answers</span>}
        </p>
      </div>
      {detail && (
        <button class="quiet" type="button" onClick={() => void model.change({ status: isResolved ? "open" : "resolved" })}>
          {isResolved ? "Reopen" : "Resolve"}
        </button>
      )}
      <button class="bare" type="button" title="Details" aria-label="Details" aria-expanded={hasDetails} onClick={onDetails}>
        <DetailsIcon />
      </button>
    </header>
  );
}

function AskerPresence({ model: { detail, members } }: { model: ConversationModel }) {
  const presence = detail && members.get(askerOf(detail).userId)?.presence;
  if (!presence) return null;
  return (
    <span class="presence">
      <span class={`dot ${presence}`} aria-hidden="true" />
      {TEXTS[presence]}
    </span>
  );
}

/** One model for the life of the component; each of its changes redraws. */
function useModel({ client, api }: Workplace, me: User, conversationId: number): ConversationModel {
  const [, redraw] = useState(0);
  const [model] = useState(() => {
    const self = { userId: me.id, username: me.username, profilePic: me.profile_pic, role: me.role };
    return new ConversationModel({ client, api, self, conversationId, hasNotes: true, onChange: () => redraw((count) => count + 1) });
  });
  useEffect(() => {
    model.start();
    return () => model.stop();
  }, [model]);
  return model;
}
