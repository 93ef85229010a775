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

const ANN_HERE = {
  user_id: 7,
  username: "ann",
  profile_pic: "https://example.com/ann.png",
  role: "customer",
  joined_at: "2026-03-01T18:04:09.120Z",
  read_upto: 150536687616419,
};
const BEN_HERE = {
  user_id: 21,
  username: "ben",
  profile_pic: null,
  role: "agent",
  joined_at: "2026-03-01T18:05:30.441Z",
  read_upto: 0,
};
const QUESTION = {
  id: 150536687616419,
  conversation_id: 99,
  user_id: 7,
  username: "ann",
  profile_pic: "https://example.com/ann.png",
  role: "customer",
  message: "Where is my ticket?",
  message_type: "text",
  attachment: null,
  created_at: "2026-03-01T18:04:11.286Z",
  edited_at: null,
  deleted_at: null,
};
const ANSWER = {
  ...QUESTION,
  id: 150536950808675,
  user_id: 21,
  username: "ben",
  profile_pic: null,
  role: "agent",
  message: "It is on its way.",
  created_at: "2026-03-01T18:05:15.541Z",
};
const NOTE = { ...ANSWER, message: "Paid twice, see the order.", message_type: "note" };
const CONVERSATION = {
  id: 99,
  version: 4,
  title: "My ticket",
  status: "open",
  snoozed_until: null,
  priority: "normal",
  labels: ["tickets"],
  assignee_id: 21,
  is_bot_on: false,
  created_by: 7,
  created_at: "2026-03-01T18:04:09.120Z",
  last_activity_at: "2026-03-01T18:04:11.286Z",
  last_message: {
    id: QUESTION.id,
    user_id: 7,
    username: "ann",
    role: "customer",
    message: QUESTION.message,
    has_attachment: false,
    is_deleted: false,
    created_at: QUESTION.created_at,
  },
  unread_count: 0,
  is_participant: true,
  participants: [ANN_HERE, BEN_HERE],
};
const PAGE = { messages: [QUESTION], next_before: null, next_after: null };

/** By method and path as the document has them. */
export const CONVERSATION_EXAMPLES: Readonly<Record<string, ConversationCallExample>> = {
  "GET /conversations": {
    as: "ben",
    url: "/conversations?status=open&assignee=me&limit=20",
    answer: { conversations: [CONVERSATION], next_before: null },
  },
  "POST /conversations": {
    as: "ann",
    url: "/conversations",
    body: {
      client_id: "0b9f3c1e-6a54-4d3b-8f0e-3f1d0c9a7b21",
      title: "My ticket",
      message: { client_id: "5e0c7c0a-22d1-4a0f-b7a1-90b3d1f6c1aa", message: QUESTION.message },
    },
    answer: { ...CONVERSATION, assignee_id: null, labels: [], participants: [ANN_HERE] },
  },
  "GET /conversations/{id}": { as: "ann", url: "/conversations/99", answer: CONVERSATION },
  "PATCH /conversations/{id}": {
    as: "ben",
    url: "/conversations/99",
    body: { status: "pending", priority: "high", labels: ["tickets", "refund"], assignee_id: 21 },
    answer: { ...CONVERSATION, version: 5, status: "pending", priority: "high", labels: ["tickets", "refund"] },
  },
  "GET /conversations/{id}/participants": {
    as: "ann",
    url: "/conversations/99/participants",
    answer: { participants: [ANN_HERE, BEN_HERE] },
  },
  "POST /conversations/{id}/participants": {
    as: "ben",
    url: "/conversations/99/participants",
    body: { user_id: 30 },
    answer: { participants: [ANN_HERE, BEN_HERE, { ...BEN_HERE, user_id: 30, username: "cleo", role: "admin" }] },
  },
  "DELETE /conversations/{id}/participants/{user_id}": { as: "ben", url: "/conversations/99/participants/30" },
  "GET /conversations/{id}/messages": { as: "ann", url: "/conversations/99/messages?limit=50", answer: PAGE },
  "POST /conversations/{id}/messages": {
    as: "ben",
    url: "/conversations/99/messages",
    body: { client_id: "c2a1f0de-7f5b-4b5d-9a55-2f1f6a4b1c33", message: ANSWER.message, if_last_id: QUESTION.id },
    answer: { message: ANSWER, duplicate: false },
  },
  "GET /conversations/{id}/messages/{message_id}": {
    as: "ben",
    url: `/conversations/99/messages/${QUESTION.id}`,
    answer: QUESTION,
  },
  "PATCH /conversations/{id}/messages/{message_id}": {
    as: "ann",
    url: `/conversations/99/messages/${QUESTION.id}`,
    body: { message: "Where are my two tickets?" },
    answer: { ...QUESTION, message: "Where are my two tickets?", edited_at: "2026-03-01T18:04:40.002Z" },
  },
  "GET /search": {
    as: "ann",
    url: "/search?q=ticket&limit=20",
    answer: { hits: [{ message: QUESTION, conversation_title: "My ticket" }], next_before: null },
  },
  "DELETE /conversations/{id}/messages/{message_id}": { as: "ann", url: `/conversations/99/messages/${QUESTION.id}` },
  "POST /conversations/{id}/notes": {
    as: "ben",
    url: "/conversations/99/notes",
    body: { client_id: "1d0e5a43-8d8e-4f43-b0f0-6a1b0f0c2d44", message: NOTE.message },
    answer: { message: NOTE, duplicate: false },
  },
  "GET /conversations/{id}/notes": { as: "ben", url: "/conversations/99/notes?limit=50", answer: { ...PAGE, messages: [NOTE] } },
  "POST /conversations/{id}/read": {
    as: "ben",
    url: "/conversations/99/read",
    body: { upto: QUESTION.id },
    answer: { upto: QUESTION.id },
  },
  "POST /conversations/{id}/typing": { as: "ann", url: "/conversations/99/typing", body: { is_typing: true } },
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
