/**
 * How a client speaks to a kind of server: what its handshake asks, what it says when it is in, what it makes of a frame, how
 * it puts a message. Dialects keep nothing themselves: what belongs to a socket is kept by the socket.
 */
import type { HandshakeRequest } from "./handshake.ts";

/** Whose place a socket takes. */
export interface Seat {
  readonly token: string;
  /** The number of the session, or what stands for a room elsewhere. */
  readonly session: number;
}

/** What a client says once: its message `n`, whose text tells it apart. */
export interface Saying {
  readonly clientId: string;
  readonly text: string;
  /** It was said before and never answered. */
  readonly isResend: boolean;
}

/** Where a client stood when it left. */
export interface Since {
  readonly epoch: string;
  readonly id: number;
}

/** What a dialect may do with a socket while it reads a frame. */
export interface Speaker {
  readonly seat: Seat;
  /** From where it resumes; undefined where it begins anew. */
  readonly since: Since | undefined;
  /** Sends a text frame. */
  say(text: string): void;
  /** It is in: it gets what is said from now on, and may speak. `epoch` where the server has such. */
  joined(epoch?: string): void;
  /** The frame may hold messages of the run. Needed for each that does, also where it only shows what was (`welcome`). */
  account(frame: Buffer): void;
  /** A message has its place. `id`: 0 where the server tells none. */
  acked(clientId: string, id: number, how: { isDuplicate: boolean; isSkipped: boolean }): void;
  /** Something was refused; `clientId` names the message where it is one. */
  refused(code: string, clientId: string | undefined, retryAfterMs: number | undefined): void;
  /** The server asks to be left, and to come back after so long. */
  comeBackIn(ms: number): void;
}

export interface Dialect {
  /** How what came is accounted: by the ledger (frames of drawchat), or only counted, by the marks in it. */
  readonly account: "ledger" | "marks";
  /** Which wire of drawchat; 2 where it is none. */
  readonly version: 1 | 2;
  /** Whether messages are answered: what is not stays open, and is sent again on the next socket. */
  readonly hasAcks: boolean;
  handshake(seat: Seat): HandshakeRequest;
  /** The socket is upgraded. */
  onOpen(speaker: Speaker): void;
  /** A whole message of the server. Its bytes are gone after the call. */
  onText(speaker: Speaker, frame: Buffer): void;
  /** The text frame of a like, of a message or of the session; absent where a client cannot like. */
  likeFrame?(messageId: number | undefined): string;
  /** The text frame of a message. */
  messageFrame(saying: Saying): string;
}
