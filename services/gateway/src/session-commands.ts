/** What a client of a live chat may say, frame by frame. Everything a frame claims about its sender is passed over: the token says it. */
import type { Identity } from "@drawchat/auth/claims";
import type { TokenVerifier } from "@drawchat/auth/token";
import { decodeFrame, decodeFrameV1 } from "@drawchat/protocol/decode";
import { type ClientFrame, MAX_FRAME_BYTES, MAX_MESSAGE_CHARS, type Position, type WelcomeFrame } from "@drawchat/protocol/frames";
import { roomNumber } from "@drawchat/protocol/ids";
import { cleanText, LIVE_CHAT_TEXT } from "@drawchat/protocol/text";
import type { Acceptor, Outcome } from "@drawchat/redis/accept";
import type { LikeTarget } from "@drawchat/redis/keys";
import type { RateLimiterMemory } from "rate-limiter-flexible";
import type { ApiClient } from "./api-client.ts";
import { canRecover, sendFirstPage, sendPages, sendReset, sendResume } from "./catch-up.ts";
import type { Connection, FrameHandler } from "./connection.ts";
import { renewIdentity } from "./identify.ts";
import type { LiveRoom } from "./live-room.ts";
import type { RedisClock } from "./redis-clock.ts";
import { type RefuseDeps, refuseFrame } from "./refuse-frame.ts";
import { ackFrame } from "./room-frames.ts";
import type { Seat } from "./seat.ts";
import type { SessionSide } from "./session-side.ts";
import { sessionFrame, stateAt } from "./session-watch.ts";

export interface SessionCommandDeps extends RefuseDeps {
  acceptor: Acceptor;
  api: ApiClient;
  verifier: TokenVerifier;
  clock: RedisClock;
  messagesPerMinute: number;
  historyLimit: number;
  /** A user's resumes out of reach of their own pace: 3 in 10 s. */
  resumes: RateLimiterMemory;
}

const PONG = '{"type":"pong"}';

/** A socket that has its room; frames reach the handlers only after the join. */
interface Joined {
  connection: Connection;
  seat: Seat;
  room: LiveRoom;
  session: SessionSide;
  identity: Identity;
}

export function createSessionCommands(deps: SessionCommandDeps): { v1: FrameHandler; v2: FrameHandler } {
  const guarded =
    (handle: (joined: Joined, bytes: Buffer) => Promise<void> | undefined): FrameHandler =>
    (connection, bytes) => {
      const { identity } = connection;
      const seat = connection.seats[0];
      if (seat === undefined || seat.room.side.kind !== "session" || identity === undefined) return undefined;
      return handle({ connection, seat, room: seat.room, session: seat.room.side, identity }, bytes);
    };
  return {
    v1: guarded((joined, bytes) => handleV1(deps, joined, bytes)),
    v2: guarded((joined, bytes) => handleV2(deps, joined, bytes)),
  };
}

function handleV1(deps: SessionCommandDeps, joined: Joined, bytes: Buffer): undefined {
  const decoded = decodeFrameV1(bytes);
  if (!decoded.ok) return refuseFrame(deps, joined.connection, decoded);
  if (decoded.frame.type === "ping") joined.connection.send(PONG);
  // A v1 frame has no client_id: it gets one on receipt, so that our own retries stay harmless.
  else void sendMessage(deps, joined, crypto.randomUUID(), decoded.frame.message);
  return undefined;
}

function handleV2(deps: SessionCommandDeps, joined: Joined, bytes: Buffer): Promise<void> | undefined {
  const decoded = decodeFrame(bytes);
  if (!decoded.ok) return refuseFrame(deps, joined.connection, decoded);
  const { frame } = decoded;
  if (frame.type === "ping") {
    joined.connection.send(PONG);
    return undefined;
  }
  if (frame.type === "hello")
    return joined.connection.isGreeted ? refuseFrame(deps, joined.connection, { code: "bad_format" }) : hello(deps, joined, frame.since);
  if (frame.type === "auth") return refreshToken(deps, joined.connection, frame.token);
  if (!joined.connection.isGreeted) return refuseFrame(deps, joined.connection, { code: "bad_format" });
  return handleJoined(deps, joined, frame);
}

function handleJoined(
  deps: SessionCommandDeps,
  joined: Joined,
  frame: Extract<ClientFrame, { type: "message" | "like" | "resume" }>,
): Promise<void> | undefined {
  switch (frame.type) {
    case "message":
      // A resend asks Postgres first, and the user's later messages wait behind it.
      if (frame.resend === true) return resendMessage(deps, joined, frame.client_id, frame.message);
      void sendMessage(deps, joined, frame.client_id, frame.message);
      return undefined;
    case "like":
      void like(deps, joined, frame.message_id);
      return undefined;
    case "resume":
      return resume(deps, joined, frame.since);
    default:
      return frame satisfies never;
  }
}

async function hello(deps: SessionCommandDeps, joined: Joined, since: Position | undefined): Promise<void> {
  const { connection, seat, room, session } = joined;
  const recovered = await canRecover(room, since);
  if (!connection.isAlive) return;
  const start = recovered && since !== undefined ? since.id : room.ring.startOfLast(deps.historyLimit);
  sendFirstPage(seat, welcomeHead(deps, joined, recovered), start);
  // Also for lines from before `start`: their likes went on while the client was away.
  const counted = room.ring.messageIdsAfter(Math.min(start, room.ring.startOfLast(deps.historyLimit)));
  connection.send(session.counts.snapshotFrame(counted));
  connection.isGreeted = true;
  sendPages(seat);
}

function welcomeHead(
  deps: SessionCommandDeps,
  { room, session: { policy }, identity }: Joined,
  recovered: boolean,
): Omit<WelcomeFrame, "events" | "upto"> {
  const nowMs = deps.clock.nowMs();
  const { type: _, ...session } = sessionFrame(policy, stateAt(policy, nowMs));
  return {
    type: "welcome",
    session: { session_id: roomNumber(room.name), ...session },
    user: { user_id: identity.userId, username: identity.username, profile_pic: identity.profilePic, is_host: identity.isHost },
    epoch: room.epoch,
    recovered,
    server_time: new Date(nowMs).toISOString(),
    limits: {
      message_max_chars: MAX_MESSAGE_CHARS,
      messages_per_minute: deps.messagesPerMinute,
      frame_max_bytes: MAX_FRAME_BYTES,
      history: deps.historyLimit,
    },
  };
}

async function resume(deps: SessionCommandDeps, { connection, seat, room, identity }: Joined, since: Position): Promise<void> {
  try {
    await deps.resumes.consume(identity.userId);
  } catch {
    deps.metrics.refused.inc({ code: "rate_limited" });
    connection.sendError("rate_limited", { retryAfterMs: 10_000 });
    return;
  }
  const recovered = await canRecover(room, since);
  if (!connection.isAlive) return;
  if (recovered) sendResume(seat, since.id);
  else sendReset(seat);
}

/**
 * The JSON of a message around its two slots: the id goes behind the first part, created_at behind the second. The
 * flags are what the server knows now; they stay with the message.
 */
function messageParts({ identity, session }: Joined, message: string): readonly [string, string, string] {
  const { userId, username, profilePic, isHost } = identity;
  return [
    '{"type":"new_message","message":{"id":',
    `,"user_id":${userId},"username":${JSON.stringify(username)},"profile_pic":${JSON.stringify(profilePic)},"message":${JSON.stringify(message)},"message_type":"text","likes":0,"created_at":"`,
    `","is_winner":${session.isWinner(userId)},"is_host":${isHost}}}`,
  ];
}

async function sendMessage(deps: SessionCommandDeps, joined: Joined, clientId: string, message: string): Promise<void> {
  const { connection, room, identity } = joined;
  const cleaned = cleanText(message, LIVE_CHAT_TEXT);
  if (!cleaned.ok)
    return refuseFrame(deps, connection, connection.version === 2 ? { code: cleaned.code, clientId } : { code: cleaned.code });
  const outcome = await deps.acceptor.submit({
    room: room.name,
    kind: "m",
    userId: identity.userId,
    clientId: clientId.toLowerCase(),
    parts: messageParts(joined, cleaned.text),
    isPrompt: identity.isHost || joined.session.isWinner(identity.userId),
  });
  answerMessage(deps, joined, clientId, outcome);
}

function answerMessage(deps: SessionCommandDeps, { connection, room }: Joined, clientId: string, outcome: Outcome): void {
  if (outcome.kind === "refused") {
    deps.metrics.refused.inc({ code: outcome.code });
    connection.sendError(outcome.code, {
      ...(connection.version === 2 ? { clientId } : {}),
      ...(outcome.retryAfterMs === undefined ? {} : { retryAfterMs: outcome.retryAfterMs }),
    });
    return;
  }
  if (outcome.kind === "accepted") deps.metrics.accepted.inc({ kind: "message" });
  if (connection.version === 1) return;
  connection.send(ackFrame(room.name, clientId, outcome));
}

/** After a loss of Redis its dedupe is gone, and the message may be in Postgres: a blind resend would be a ghost. */
async function resendMessage(deps: SessionCommandDeps, joined: Joined, clientId: string, message: string): Promise<void> {
  const { connection, room, identity } = joined;
  try {
    const id = await deps.api.storedId(room.name, identity.userId, clientId.toLowerCase());
    if (id === null) return void (await sendMessage(deps, joined, clientId, message));
    answerMessage(deps, joined, clientId, { kind: "duplicate", id });
    const stored = room.stored.frame();
    if (stored !== undefined) connection.send(stored);
  } catch {
    deps.metrics.refused.inc({ code: "unavailable" });
    connection.sendError("unavailable", { clientId });
  }
}

async function like(deps: SessionCommandDeps, { connection, room, identity }: Joined, messageId: number | undefined): Promise<void> {
  const target: LikeTarget = messageId === undefined ? "s" : `${messageId}`;
  const submission = { room: room.name, target, userId: identity.userId };
  let outcome = await deps.acceptor.like(submission);
  if (outcome.kind === "refused" && outcome.code === "not_found" && messageId !== undefined) {
    try {
      const verifiedLikes = await deps.api.messageLikes(room.name, messageId);
      if (verifiedLikes !== undefined) outcome = await deps.acceptor.like({ ...submission, verifiedLikes });
    } catch {
      outcome = { kind: "refused", code: "unavailable" };
    }
  }
  if (outcome.kind === "accepted") {
    deps.metrics.accepted.inc({ kind: "like" });
    return;
  }
  const code = outcome.kind === "duplicate" ? "already_liked" : outcome.code;
  deps.metrics.refused.inc({ code });
  connection.sendError(code, {
    ...(messageId === undefined ? {} : { messageId }),
    ...(outcome.kind === "refused" && outcome.retryAfterMs !== undefined ? { retryAfterMs: outcome.retryAfterMs } : {}),
  });
}

async function refreshToken({ verifier }: SessionCommandDeps, connection: Connection, token: string): Promise<void> {
  const identity = await renewIdentity(verifier, connection, token);
  if (identity === undefined) return;
  connection.identity = identity;
  connection.isExpiryTold = false;
}
