/** The list of conversations with its filters, or what a search has found. */

import type { ConnectionState } from "@drawchat/client/chat-events";
import type { User } from "@drawchat/protocol/conversations-rest";
import { useState } from "preact/hooks";
import { ConnectionEnded, isEnded } from "../conversation/connection-ended.tsx";
import type { InboxList } from "../conversation/inbox-list.ts";
import type { Workplace } from "../conversation/workplace.ts";
import { LeaveIcon, SearchIcon } from "../icons.tsx";
import { ConversationList } from "./conversation-list.tsx";
import { Filters } from "./filters.tsx";
import { SearchResults } from "./search-results.tsx";
import type { Team } from "./team.ts";

interface ListPaneProps {
  place: Workplace;
  list: InboxList;
  me: User;
  team: Team;
  openId: number | undefined;
  connection: ConnectionState;
  onLeave: () => void;
  onSignedOut: () => void;
}

export function ListPane({ place, list, me, team, openId, connection, onLeave, onSignedOut }: ListPaneProps) {
  const [query, setQuery] = useState("");
  const isSearching = query.trim() !== "";
  return (
    <section class="list-pane" aria-label="Conversations">
      <header class="list-header">
        <h1>Inbox</h1>
        <span class="me">
          <span class={`dot ${connection.name === "open" ? "online" : "offline"}`} aria-hidden="true" />
          {me.username}
        </span>
        <button class="bare" type="button" title="Sign out" aria-label="Sign out" onClick={onLeave}>
          <LeaveIcon />
        </button>
        <label class="search">
          <SearchIcon />
          <span class="unseen">Search messages</span>
          <input type="search" placeholder="Search messages" value={query} onInput={(event) => setQuery(event.currentTarget.value)} />
        </label>
        {!isSearching && <Filters filter={list.filter} onChange={(filter) => list.setFilter(filter)} />}
      </header>
      <div role="status">{connection.name === "reconnecting" && <p class="bar-note">You are offline. The list may be out of date.</p>}</div>
      {isSearching ? (
        <SearchResults api={place.api} query={query.trim()} openId={openId} />
      ) : (
        <ConversationList list={list} me={me} team={team} openId={openId} />
      )}
      {openId === undefined && isEnded(connection) && (
        <ConnectionEnded connection={connection} onContinue={() => place.client.start()} onSignedOut={onSignedOut} />
      )}
    </section>
  );
}
