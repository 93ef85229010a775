/** What a client of conversations may say, frame by frame. Who it is says the token, how it is shown its profile. */
import { isAllowed, isStaff } from "@drawchat/auth/policy";
import type { TokenVerifier } from "@drawchat/auth/token";
import {
  type ConversationWelcomeFrame,
  type JoinedFrame,
  type LeftFrame,
  MAX_CONVERSATION_FRAME_BYTES,
  MAX_CONVERSATION_MESSAGE_CHARS,
  MAX_ROOMS_PER_SOCKET,
} from "@drawchat/protocol/conversations";
import { type DecodedConversationFrame, decodeConversationFrame, type RoomFrame } from "@drawchat/protocol/decode-conversations";
import type { Position } from "@drawchat/protocol/frames";
import { type RoomName, roomKind, roomNumber } from "@drawchat/protocol/ids";
import type { SeenUser } from "@drawchat/protocol/internal";
import type { RedisClient } from "@drawchat/redis/connect";
import { isMemberInRedis } from "@drawchat/redis/members";
import { publishControlTo } from "@drawchat/redis/publication";
import type { RateLimiterMemory } from "rate-limiter-flexible";
import { canRecover, sendFirstPage, sendPages, sendReset, sendResume } from "./catch-up.ts";
import type { Connection, FrameHandler } from "./connection.ts";
import { type ConversationMessageDeps, type Speaker, sendMessage } from "./conversation-messages.ts";
import { renewIdentity } from "./identify.ts";
import type { InboxFeed } from "./inbox-feed.ts";
import { takeProfile } from "./open-conversations.ts";
import type { Presence } from "./presence.ts";
import { ReadReports } from "./read-reports.ts";
import type { RedisClock } from "./redis-clock.ts";
import { refuseFrame } from "./refuse-frame.ts";
import type { Rooms } from "./rooms.ts";
import type { Seat } from "./seat.ts";

export interface ConversationCommandDeps extends ConversationMessageDeps {
  redis: RedisClient;
  rooms: Rooms;
  verifier: TokenVerifier;
  clock: RedisClock;
  presence: Presence;
  inbox: InboxFeed;
  messagesPerMinute: number;
  historyLimit: number;
  /** Of a user and room: 3 in 10 s. */
  resumes: RateLimiterMemory;
}

const PONG = '{"type":"pong"}';

/** A socket whose user is known; frames reach the handlers only then. */
interface Guest {
  connection: Connection;
  userId: number;
  profile: SeenUser;
}

export function createConversationCommands(deps: ConversationCommandDeps): FrameHandler {
  const reads = new ReadReports((seat, upto) => markRead(deps, seat, upto));
  return (connection, bytes) => {
    const { userId, profile } = connection;
    if (userId === undefined || profile === undefined) return undefined;
    const decoded = decodeConversationFrame(bytes);
    if (!decoded.ok) return refuseFrame(deps, connection, decoded);
    return handle(deps, reads, { connection, userId, profile }, decoded.frame);
  };
}

function handle(
  deps: ConversationCommandDeps,
  reads: ReadReports,
  guest: Guest,
  frame: DecodedConversationFrame,
): Promise<void> | undefined {
  const { connection, userId } = guest;
  if (frame.type === "ping") {
    connection.send(PONG);
    return undefined;
  }
  if (frame.type === "auth") return renew(deps, guest, frame.token);
  if (frame.type === "hello" ? connection.isGreeted : !connection.isGreeted) return refuseFrame(deps, connection, { code: "bad_format" });
  switch (frame.type) {
    case "hello":
      return hello(deps, guest);
    case "presence":
      deps.presence.set(connection, userId, frame.state);
      return undefined;
    case "join":
      return join(deps, guest, frame.room, frame.since);
    case "leave":
      return leave(deps, connection, frame.room);
    default:
      return handleSeated(deps, reads, guest, frame);
  }
}

function handleSeated(
  deps: ConversationCommandDeps,
  reads: ReadReports,
  { connection, profile }: Guest,
  frame: Exclude<RoomFrame, { type: "join" | "leave" }>,
): Promise<void> | undefined {
  const seat = connection.seatIn(frame.room);
  const side = seat?.room.side;
  if (seat === undefined || side?.kind !== "conversation") {
    return refuseFrame(deps, connection, {
      code: "not_found",
      room: frame.room,
      ...(frame.type === "message" ? { clientId: frame.client_id } : {}),
    });
  }
  const speaker: Speaker = { seat, side, profile };
  switch (frame.type) {
    case "message":
      return sendMessage(deps, speaker, frame);
    case "read":
      reads.note(seat, frame.upto);
      return undefined;
    case "typing":
      return typing(deps, speaker, frame.is_typing);
    case "resume":
      return resume(deps, seat, frame.since);
    default:
      return frame satisfies never;
  }
}

/** Whatever changes in the user's list of conversations from here on is told. */
async function hello(deps: ConversationCommandDeps, { connection, userId, profile }: Guest): Promise<void> {
  try {
    await deps.inbox.enter(connection, userId, isStaff(profile.role));
  } catch {
    connection.end("overloaded");
  }
  if (!connection.isAlive) return;
  const welcome: ConversationWelcomeFrame = {
    type: "welcome",
    user: { user_id: userId, username: profile.username, profile_pic: profile.profile_pic, role: profile.role },
    server_time: new Date(deps.clock.nowMs()).toISOString(),
    limits: {
      message_max_chars: MAX_CONVERSATION_MESSAGE_CHARS,
      messages_per_minute: deps.messagesPerMinute,
      frame_max_bytes: MAX_CONVERSATION_FRAME_BYTES,
      rooms_max: MAX_ROOMS_PER_SOCKET,
    },
  };
  connection.send(JSON.stringify(welcome));
  connection.isGreeted = true;
  deps.presence.set(connection, userId, "online");
}

async function join(deps: ConversationCommandDeps, guest: Guest, room: RoomName, since: Position | undefined): Promise<void> {
  const { connection } = guest;
  const seat = connection.seatIn(room) ?? (await takeSeat(deps, guest, room));
  if (seat === undefined) return;
  // One that joined already lost count of it, and begins anew.
  seat.pause();
  seat.isJoined = false;
  const recovered = await canRecover(seat.room, since);
  const { side } = seat.room;
  if (!connection.seats.includes(seat) || side.kind !== "conversation") return;
  const head: Omit<JoinedFrame, "events" | "upto"> = { type: "joined", epoch: seat.room.epoch, recovered, ...side.members() };
  sendFirstPage(seat, head, recovered && since !== undefined ? since.id : seat.room.ring.startOfLast(deps.historyLimit));
  sendPages(seat);
}

/** Undefined where there is none for this user, which was answered then: a room that they may not see is one that is not there. */
async function takeSeat(deps: ConversationCommandDeps, { connection, userId, profile }: Guest, room: RoomName): Promise<Seat | undefined> {
  if (connection.seats.length >= MAX_ROOMS_PER_SOCKET) return refuseFrame(deps, connection, { code: "too_many_rooms", room });
  const isClosed = roomKind(room) === "notes" && !isAllowed(profile.role, "note.read", { isMember: true });
  if (isClosed) return refuseFrame(deps, connection, { code: "not_found", room });
  if (!(await mayAsk(deps, profile, room, userId))) return refuseFrame(deps, connection, { code: "not_found", room });
  const answer = await deps.rooms.join(
    room,
    connection,
    userId,
    (side) => side.kind === "conversation" && side.mayRead(profile.role, userId),
  );
  if (answer.kind === "joined") return answer.seat;
  if (answer.kind !== "gone") refuseFrame(deps, connection, { code: answer.kind === "unknown" ? "not_found" : "unavailable", room });
  return undefined;
}

/**
 * Who may see only what they are a participant of is looked up first: to open a room that nobody is in costs a restore, and
 * somebody who tries all numbers would bring every conversation into Redis. True where it cannot be known now.
 */
async function mayAsk(
  { redis, api, rooms }: ConversationCommandDeps,
  { role }: SeenUser,
  room: RoomName,
  userId: number,
): Promise<boolean> {
  if (rooms.isOpen(room) || isAllowed(role, "conversation.read", { isMember: false })) return true;
  try {
    return (await isMemberInRedis(redis, roomNumber(room), userId)) ?? (await api.isMember(roomNumber(room), userId));
  } catch {
    return true; // opening it fails as well then, and says so
  }
}

/** Harmless where the socket is in no such room. */
function leave({ rooms }: ConversationCommandDeps, connection: Connection, room: RoomName): undefined {
  const seat = connection.seatIn(room);
  if (seat !== undefined) rooms.leave(seat);
  connection.send(JSON.stringify({ type: "left", room, reason: "asked" } satisfies LeftFrame));
  return undefined;
}

async function resume(deps: ConversationCommandDeps, seat: Seat, since: Position): Promise<void> {
  const { connection, room, userId } = seat;
  try {
    await deps.resumes.consume(`${userId} ${room.name}`);
  } catch {
    deps.metrics.refused.inc({ code: "rate_limited" });
    connection.sendError("rate_limited", { room: room.name, retryAfterMs: 10_000 });
    return;
  }
  const recovered = await canRecover(room, since);
  if (!connection.seats.includes(seat)) return;
  if (recovered) sendResume(seat, since.id);
  else sendReset(seat);
}

/** Said to whoever is there, and forgotten: neither stored nor repeated. */
function typing(deps: ConversationCommandDeps, { seat, side, profile }: Speaker, isTyping: boolean): undefined {
  const { connection, room, userId } = seat;
  const mayType = roomKind(room.name) === "conversation" && isAllowed(profile.role, "typing.mark", { isMember: side.isMember(userId) });
  if (!mayType) return refuseFrame(deps, connection, { code: "forbidden", room: room.name });
  if (!side.typing.isDue(userId, isTyping, performance.now())) return undefined;
  const control = { type: "typing", user_id: userId, is_typing: isTyping } as const;
  publishControlTo(deps.redis, room.name, control).catch(() => undefined); // the next key stroke says it again
  return undefined;
}

/** Who is in the conversation is judged by `accept`; who only looks on has no mark. */
async function markRead(
  { acceptor, metrics }: ConversationCommandDeps,
  { connection, room, userId }: Seat,
  upto: number,
): Promise<boolean> {
  const outcome = await acceptor.markRead({ room: room.name, userId, readUpto: upto });
  if (outcome.kind !== "refused") return true;
  const code = outcome.code === "not_found" ? "forbidden" : outcome.code;
  metrics.refused.inc({ code });
  connection.sendError(code, { room: room.name });
  return false;
}

/** A newer token of the same user, whose role may be another. */
async function renew(deps: ConversationCommandDeps, { connection, profile }: Guest, token: string): Promise<void> {
  const identity = await renewIdentity(deps.verifier, connection, token);
  if (identity === undefined) return;
  try {
    takeProfile(connection, await deps.api.seen(identity));
  } catch {
    connection.sendError("unavailable");
    return;
  }
  connection.identity = identity;
  connection.isExpiryTold = false;
  if (connection.role !== profile.role) await changeRole(deps, connection, identity.userId);
}

/** What the user may not see any more, the socket leaves. */
async function changeRole({ rooms, inbox }: ConversationCommandDeps, connection: Connection, userId: number): Promise<void> {
  for (const seat of connection.seats) {
    const { side } = seat.room;
    if (side.kind === "conversation" && !side.mayRead(connection.role, userId)) rooms.evict(seat);
  }
  if (!connection.isAlive || !connection.isGreeted) return;
  try {
    await inbox.enter(connection, userId, isStaff(connection.role));
  } catch {
    connection.end("overloaded");
  }
}
