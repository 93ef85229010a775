/** List, conversation and details side by side; on a narrow screen one at a time. */

import type { ConnectionState } from "@drawchat/client/chat-events";
import type { User } from "@drawchat/protocol/conversations-rest";
import { useEffect, useState } from "preact/hooks";
import { InboxList } from "../conversation/inbox-list.ts";
import type { Workplace } from "../conversation/workplace.ts";
import { ChatIcon } from "../icons.tsx";
import { ConversationPane } from "./conversation-pane.tsx";
import { ListPane } from "./list-pane.tsx";
import { useRoute } from "./route.ts";
import { loadFilter, saveFilter } from "./saved-filter.ts";
import { useTeam } from "./team.ts";

interface DeskProps {
  place: Workplace;
  me: User;
  onLeave: () => void;
  onSignedOut: () => void;
}

export function Desk({ place, me, onLeave, onSignedOut }: DeskProps) {
  const { conversationId, target } = useRoute();
  const team = useTeam(place.api, conversationId);
  const list = useList(place, me.id);
  const connection = useConnection(place);
  useTitle(list);
  return (
    <main class={conversationId === undefined ? "desk" : "desk has-open"}>
      <ListPane
        place={place}
        list={list}
        me={me}
        team={team}
        openId={conversationId}
        connection={connection}
        onLeave={onLeave}
        onSignedOut={onSignedOut}
      />
      {conversationId === undefined ? (
        <section class="nothing-open" aria-label="Conversation">
          <ChatIcon />
          <p>Choose a conversation.</p>
        </section>
      ) : (
        <ConversationPane
          key={conversationId}
          place={place}
          me={me}
          team={team}
          conversationId={conversationId}
          target={target}
          onSignedOut={onSignedOut}
        />
      )}
    </main>
  );
}

function useList(place: Workplace, myId: number): InboxList {
  const [, redraw] = useState(0);
  const [list] = useState(() => {
    const onChange = () => redraw((count) => count + 1);
    return new InboxList({ api: place.api, client: place.client, myId, filter: loadFilter(), onChange });
  });
  useEffect(() => {
    list.start();
    return () => list.stop();
  }, [list]);
  const { filter } = list;
  useEffect(() => saveFilter(filter), [filter]);
  return list;
}

function useConnection({ client }: Workplace): ConnectionState {
  const [state, setState] = useState(client.state);
  useEffect(() => {
    setState(client.state);
    return client.on("state", setState);
  }, [client]);
  return state;
}

/** What waits is told in the title of the tab. */
function useTitle(list: InboxList): void {
  const unread = list.entries.filter(({ unread_count }) => unread_count > 0).length;
  useEffect(() => {
    document.title = unread === 0 ? "Inbox" : `(${unread}) Inbox`;
  }, [unread]);
}
