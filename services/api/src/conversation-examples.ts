/**
 * An example of each call about conversations. A test makes these calls, in this order, in a world that holds exactly
 * what they name, and holds the answers against them.
 */
import type { CallExample } from "./examples.ts";

export interface ConversationCallExample extends CallExample {
  /** Who calls: ann (7) is a customer, ben (21) an agent, cleo (30) an admin. */
  as: "ann" | "ben" | "cleo";
  /** With the parameters of the example. */
  url: string;
}

const ANN = {
  id: 7,
  username: "ann",
  profile_pic: "https://example.com/ann.png",
  role: "customer",
  is_active: true,
  presence: "offline",
  last_seen_at: "2026-03-01T18:00:04.000Z",
  created_at: "2026-02-11T09:12:45.108Z",
};

/** By method and path as the document has them. */
export const CONVERSATION_EXAMPLES: Readonly<Record<string, ConversationCallExample>> = {
  "GET /users": { as: "ben", url: "/users?q=ann&role=customer&limit=20", answer: { users: [ANN], next_after: null } },
  "GET /users/me": { as: "ann", url: "/users/me", answer: ANN },
  "GET /users/{id}": { as: "ben", url: "/users/7", answer: ANN },
  "PATCH /users/{id}": {
    as: "ann",
    url: "/users/7",
    body: { username: "ann b", profile_pic: null },
    answer: { ...ANN, username: "ann b", profile_pic: null },
  },
};
