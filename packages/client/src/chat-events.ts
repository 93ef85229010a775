/** What a ChatClient tells its listeners. */
import type { ChatMessage, CountsFrame, Limits, SessionInfo, UserInfo } from "@drawchat/protocol/frames";
import type { OwnMessage } from "./outbox.ts";

/**
 *   idle ─start─▶ connecting ─welcome─▶ open ─lost─▶ reconnecting ─welcome─▶ open
 *                     └─too early─▶ waiting ─time─▶ connecting        any ─final code or stop─▶ closed
 */
export type ConnectionState =
  | { name: "idle" }
  | { name: "connecting" }
  | { name: "open" }
  /** Tries again by itself; `retryAt` in Unix ms by the local clock. */
  | { name: "reconnecting"; attempt: number; retryAt: number }
  /** The chat is not open yet; comes back by itself. `opensAt` in Unix ms by the server's clock. */
  | { name: "waiting"; opensAt: number }
  /** Final until `start` is called again. 1000: `stop` was called. */
  | { name: "closed"; code: number; reason: string };

export interface ChatEvents {
  state: ConnectionState;
  /** Forget the lines that were shown; the `message` events that follow are the latest. */
  reset: undefined;
  message: ChatMessage;
  delete: { id: number; message_id: number };
  edit: { id: number; message: ChatMessage };
  /** This many messages were left out by the server to keep up; they are in the history of the session. */
  skipped: number;
  counts: Omit<CountsFrame, "type">;
  session: SessionInfo;
  user: UserInfo;
  limits: Limits;
  /** An own message was queued or its status changed. */
  own: OwnMessage;
  /** A refusal that belongs to no own message: a like, a frame too many. */
  refused: { code: string; message: string; retryAfterMs: number | undefined };
}
