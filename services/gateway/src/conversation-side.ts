/**
 * What a conversation's room, or that of its notes, has beside its sequence: who is in it, what they have read, who types.
 * These frames are few and go to each seat by itself, also to those that are being paged and not on the topic yet.
 */
import { isAllowed } from "@drawchat/auth/policy";
import {
  type MemberInfo,
  type MembersFrame,
  type PresenceState,
  type ReadMarkFrame,
  TYPING_EXPIRES_MS,
  type TypingNoticeFrame,
  type UserRole,
} from "@drawchat/protocol/conversations";
import { roomKind } from "@drawchat/protocol/ids";
import type { Control } from "@drawchat/redis/publication";
import type { ConversationPolicy, RoomPolicy, RoomState } from "@drawchat/redis/room-state";
import type { MemberRooms } from "./member-rooms.ts";
import type { RoomSockets } from "./room-sockets.ts";
import type { Seat } from "./seat.ts";
import { TypingThrottle } from "./typing-throttle.ts";

export interface ConversationSideDeps {
  sockets: RoomSockets;
  memberRooms: MemberRooms;
  presenceOf: (userId: number) => PresenceState;
  /** The seat's user may not be here any more: it is told so and taken away. */
  evict: (seat: Seat) => void;
}

export class ConversationSide {
  readonly kind = "conversation";
  /** Of the users who type on this gateway. */
  readonly typing = new TypingThrottle();
  readonly #deps: ConversationSideDeps;
  #policy: ConversationPolicy = { kind: "conversation", version: 0, members: new Map(), isBotOn: false };
  /** Of the members; never behind what the sockets were told. */
  #readUpto = new Map<number, number>();

  constructor(deps: ConversationSideDeps) {
    this.#deps = deps;
  }

  get policy(): ConversationPolicy {
    return this.#policy;
  }

  isMember(userId: number): boolean {
    return this.#policy.members.has(userId);
  }

  /** Whether a user of this role may be in the room. */
  mayRead(role: UserRole, userId: number): boolean {
    const action = roomKind(this.#deps.sockets.room) === "notes" ? "note.read" : "conversation.read";
    return isAllowed(role, action, { isMember: this.isMember(userId) });
  }

  /** Who is in the conversation and what they have read, as it is now. */
  members(): Omit<MembersFrame, "type"> {
    const { sockets, presenceOf } = this.#deps;
    const members = [...this.#policy.members].map(
      ([userId, { role }]): MemberInfo => ({
        user_id: userId,
        role,
        read_upto: this.#readUpto.get(userId) ?? 0,
        presence: presenceOf(userId),
      }),
    );
    return { room: sockets.room, members, is_bot_on: this.#policy.isBotOn };
  }

  /** Anew: the room was opened or reset. Who may not be here any more is out before anything else is said. */
  begin(state: RoomState): void {
    this.#readUpto.clear();
    this.#take(state.policy);
  }

  /** Tells those who stay. */
  setPolicy(policy: RoomPolicy): void {
    this.#take(policy);
    this.#tellMembers();
  }

  onControl(control: Control): void {
    if (control.type === "read") this.#noteRead(control.user_id, control.upto);
    else if (control.type === "typing") this.#tellTyping(control.user_id, control.is_typing);
  }

  /** Read beside a repair: what was told while we did not listen is lost, but all of this is absolute. */
  async noteRepaired({ policy }: RoomState): Promise<void> {
    if (policy.version > this.#policy.version) this.setPolicy(policy);
    else if (policy.kind === "conversation") for (const [userId, { readUpto }] of policy.members) this.#noteRead(userId, readUpto);
  }

  tellAfterReset(): void {
    this.#tellMembers();
  }

  stop(): void {
    this.#forgetMembers();
  }

  #take(policy: RoomPolicy): void {
    if (policy.kind !== "conversation") throw new TypeError("a conversation has the policy of a session");
    const { sockets, memberRooms, evict } = this.#deps;
    this.#forgetMembers();
    this.#policy = policy;
    for (const userId of policy.members.keys()) memberRooms.add(userId, sockets);
    const before = this.#readUpto;
    this.#readUpto = new Map([...policy.members].map(([userId, { readUpto }]) => [userId, Math.max(readUpto, before.get(userId) ?? 0)]));
    for (const seat of sockets.seats) if (!this.mayRead(seat.connection.role, seat.userId)) evict(seat);
  }

  #forgetMembers(): void {
    for (const userId of this.#policy.members.keys()) this.#deps.memberRooms.remove(userId, this.#deps.sockets);
  }

  /** A mark only moves forward. */
  #noteRead(userId: number, upto: number): void {
    const before = this.#readUpto.get(userId);
    if (before === undefined || upto <= before) return;
    this.#readUpto.set(userId, upto);
    this.#tell({ type: "read", room: this.#deps.sockets.room, user_id: userId, upto });
  }

  #tellTyping(userId: number, isTyping: boolean): void {
    const { room } = this.#deps.sockets;
    this.#tell({ type: "typing", room, user_id: userId, is_typing: isTyping, expires_in_ms: TYPING_EXPIRES_MS }, userId);
  }

  #tellMembers(): void {
    this.#tell({ type: "members", ...this.members() });
  }

  #tell(frame: MembersFrame | ReadMarkFrame | TypingNoticeFrame, exceptUserId?: number): void {
    const text = JSON.stringify(frame);
    for (const seat of this.#deps.sockets.seats) if (seat.isJoined && seat.userId !== exceptUserId) seat.connection.send(text);
  }
}
