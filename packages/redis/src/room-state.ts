/** Reading a room: policy, position, counts and history at one instant. */

import type { UserRole } from "@drawchat/protocol/conversations";
import type { SessionState } from "@drawchat/protocol/frames";
import { parseId, partitionOfRoom, type RoomName, roomKind } from "@drawchat/protocol/ids";
import type { RedisClient } from "./connect.ts";
import { keys, type LikeTarget } from "./keys.ts";
import { decodePublication, type Publication } from "./publication.ts";
import { asArray, asBytes, asFields, asNumber, asText, defineScript } from "./script.ts";
import { VIEWERS_STALE_MS } from "./viewers.ts";

const script = defineScript(new URL("./room-state.lua", import.meta.url));

/** When a room is open. Times are Unix ms. */
export interface RoomWindow {
  state: SessionState;
  opensMs: number;
  closesMs: number;
  drawMs: number;
  /** Of the whole policy. */
  version: number;
}

/** What decides when people may post in a session, and what their messages show. */
export interface SessionPolicy extends RoomWindow {
  kind: "session";
  /** Users whose messages show that they won, from then on. */
  winners: readonly number[];
}

export interface Member {
  role: UserRole;
  /** Everything up to this event was read by them; 0: nothing. */
  readUpto: number;
}

/** Who may read and post in a conversation, and in its notes. */
export interface ConversationPolicy {
  kind: "conversation";
  version: number;
  members: ReadonlyMap<number, Member>;
  isBotOn: boolean;
}

export type RoomPolicy = SessionPolicy | ConversationPolicy;

export interface RoomState {
  epoch: string;
  /** Every event of the partition up to here is in Postgres. */
  stored: number;
  redisTimeMs: number;
  policy: RoomPolicy;
  upto: number;
  viewers: number;
  /** Stored and pending together: of the session, and of the messages in `publications`. */
  likes: Map<LikeTarget, number>;
  publications: Publication[];
}

export interface ReadRoomOptions {
  /** `none` (default), `all`, what is not in Postgres yet, or from the publication that holds or ends with this id. */
  history?: "none" | "all" | "unstored" | { since: number };
  /** Only the newest so many publications; 0 (default) is all. */
  mostPublications?: number;
}

/** Undefined where Redis does not know the room. Rejects where Redis is away. */
export async function readRoom(redis: RedisClient, room: RoomName, options: ReadRoomOptions = {}): Promise<RoomState | undefined> {
  const { history = "none", mostPublications = 0 } = options;
  const isConversation = roomKind(room) !== "session";
  const reply = asArray(
    await script.run(
      redis,
      [
        keys.clock(partitionOfRoom(room)),
        keys.room(room),
        keys.history(room),
        keys.likes(room),
        keys.viewers(room),
        ...(isConversation ? [keys.members(room)] : []),
      ],
      [historyStart(history), mostPublications, VIEWERS_STALE_MS],
    ),
  );
  const fields = asFields(reply[3]);
  const policy = isConversation ? conversationPolicyOf(fields, asFields(reply[7])) : sessionPolicyOf(fields);
  if (policy === undefined) return undefined;
  return {
    epoch: asText(reply[0]),
    stored: asNumber(reply[1]),
    redisTimeMs: asNumber(reply[2]),
    policy,
    upto: Number(fields.get("upto")),
    viewers: asNumber(reply[4]),
    likes: likesOf(asFields(reply[5])),
    publications: asArray(reply[6]).map((bytes) => decodePublication(asBytes(bytes))),
  };
}

function historyStart(history: NonNullable<ReadRoomOptions["history"]>): string {
  if (typeof history === "object") return String(history.since);
  return { none: "", all: "-", unstored: "stored" }[history];
}

/** Undefined where the members are not there either: they come back with the room. */
function conversationPolicyOf(fields: Map<string, string>, memberFields: Map<string, string>): ConversationPolicy | undefined {
  if (!fields.has("upto") || !memberFields.has("v")) return undefined;
  const members = new Map<number, Member>();
  for (const [user, text] of memberFields) {
    const [role = "", readUpto] = text.split(" ");
    if (isUserRole(role)) members.set(Number(user), { role, readUpto: Number(readUpto) });
  }
  return { kind: "conversation", version: Number(memberFields.get("v")), members, isBotOn: fields.get("bot") === "1" };
}

function isUserRole(text: string): text is UserRole {
  return text === "customer" || text === "agent" || text === "admin" || text === "bot";
}

function sessionPolicyOf(fields: Map<string, string>): SessionPolicy | undefined {
  const state = fields.get("state");
  if (state === undefined || !isSessionState(state)) return undefined;
  return {
    kind: "session",
    state,
    opensMs: Number(fields.get("opens")),
    closesMs: Number(fields.get("closes")),
    drawMs: Number(fields.get("draw")),
    winners: (fields.get("winners") ?? "").split(" ").flatMap((text) => parseId(text) ?? []),
    version: Number(fields.get("version")),
  };
}

export function isSessionState(text: string): text is SessionState {
  return text === "scheduled" || text === "open" || text === "closed" || text === "cancelled";
}

function likesOf(fields: Map<string, string>): Map<LikeTarget, number> {
  const likes = new Map<LikeTarget, number>();
  for (const [field, value] of fields) {
    const target = field.slice(0, field.indexOf(":"));
    if (isLikeTarget(target)) likes.set(target, (likes.get(target) ?? 0) + Number(value));
  }
  return likes;
}

export function isLikeTarget(text: string): text is LikeTarget {
  return text === "s" || /^[1-9][0-9]{0,15}$/.test(text);
}
