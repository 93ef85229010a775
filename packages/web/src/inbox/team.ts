/** Agents and admins, to whom conversations are assigned. */
import type { ConversationsApi } from "@drawchat/client/conversations-api";
import type { User } from "@drawchat/protocol/conversations-rest";
import { useEffect, useState } from "preact/hooks";

const TEAM_MAX = 100;

export type Team = ReadonlyMap<number, User>;

/** Those who may be assigned to, by id. Empty until it is loaded; loaded anew when another conversation is opened. */
export function useTeam(api: ConversationsApi, conversationId: number | undefined): Team {
  const [team, setTeam] = useState<Team>(new Map());
  useEffect(() => {
    const load = async () => {
      const [agents, admins] = await Promise.all([
        api.listUsers({ role: "agent", limit: TEAM_MAX }),
        api.listUsers({ role: "admin", limit: TEAM_MAX }),
      ]);
      setTeam(new Map([...agents.users, ...admins.users].filter(({ is_active }) => is_active).map((user) => [user.id, user])));
    };
    load().catch(() => undefined); // assigning to oneself works without it
  }, [api, conversationId]);
  return team;
}
