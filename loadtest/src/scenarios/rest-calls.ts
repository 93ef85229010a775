/** The calls of a rest run, in their order, and the messages that they are about. */
import Type from "typebox";
import Compile from "typebox/compile";
import type { Call } from "./cannon.ts";

const checkPage = Compile(Type.Object({ messages: Type.Array(Type.Object({ id: Type.Integer({ minimum: 1 }) })) }));
const ALREADY_LIKED = 409;
/** One in so many users likes the session a second time. */
const REPEATERS = 10;

export interface CallsOptions {
  readonly session: number;
  readonly users: number;
  /** Liked in turn. */
  readonly messageIds: readonly number[];
}

export function restCalls({ session, users, messageIds }: CallsOptions): Call[] {
  const query = `?session_id=${session}`;
  return [
    { name: "GET status", method: "GET", pathOf: () => `/live-chat/status${query}`, expected: [] },
    { name: "GET messages", method: "GET", pathOf: () => `/live-chat/messages${query}`, expected: [] },
    { name: "POST like", method: "POST", pathOf: () => `/live-chat/like${query}`, expected: [ALREADY_LIKED], amount: users },
    {
      name: "POST like, again",
      method: "POST",
      pathOf: () => `/live-chat/like${query}`,
      expected: [ALREADY_LIKED],
      amount: Math.ceil(users / REPEATERS),
    },
    {
      name: "POST like-message",
      method: "POST",
      pathOf: (n) => `/live-chat/like-message/${messageIds[n % messageIds.length]}`,
      expected: [ALREADY_LIKED],
      amount: users,
    },
  ];
}

/** Of the newest messages of a session. Rejects where the api does not answer with a page. */
export async function newestMessages(apiUrl: string, session: number, token: string): Promise<number[]> {
  const response = await fetch(`${apiUrl}/live-chat/messages?session_id=${session}`, {
    headers: { Authorization: `Bearer ${token}` },
  });
  const page: unknown = await response.json();
  if (!response.ok || !checkPage.Check(page)) throw new Error(`no messages of session ${session} over REST (status ${response.status})`);
  return page.messages.map(({ id }) => id);
}
