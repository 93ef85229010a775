/** Who is in a conversation: participants with their read marks and presence, and who types. All of it absolute values. */
import type { MemberInfo, PresenceState } from "@drawchat/protocol/conversations";
import type { RoomEvents } from "./conversation-events.ts";
import type { Listeners } from "./listeners.ts";
import { TypingMarks } from "./typing-marks.ts";

export class RoomPeople {
  readonly #listeners: Listeners<RoomEvents>;
  readonly #typing: TypingMarks;
  #members: ReadonlyMap<number, MemberInfo> = new Map();
  #isBotOn: boolean = false;

  constructor(listeners: Listeners<RoomEvents>) {
    this.#listeners = listeners;
    this.#typing = new TypingMarks((userIds) => listeners.emit("typing", userIds));
  }

  get members(): ReadonlyMap<number, MemberInfo> {
    return this.#members;
  }

  get isBotOn(): boolean {
    return this.#isBotOn;
  }

  get typing(): ReadonlySet<number> {
    return this.#typing.userIds;
  }

  /** In place of all that was known. */
  set(members: readonly MemberInfo[], isBotOn: boolean): void {
    this.#members = new Map(members.map((member) => [member.user_id, member]));
    this.#isBotOn = isBotOn;
    this.#listeners.emit("members", this.#members);
    this.#listeners.emit("isBotOn", isBotOn);
  }

  /** A mark only moves forward. */
  noteRead(userId: number, upto: number): void {
    const member = this.#members.get(userId);
    if (member && upto > member.read_upto) this.#replace({ ...member, read_upto: upto });
  }

  notePresence(userId: number, presence: PresenceState): void {
    const member = this.#members.get(userId);
    if (member && presence !== member.presence) this.#replace({ ...member, presence });
  }

  noteTyping(userId: number, isTyping: boolean, expiresInMs: number): void {
    if (isTyping) this.#typing.set(userId, expiresInMs);
    else this.#typing.end(userId);
  }

  /** What they typed is there, or nothing is heard of them any more. */
  endTyping(userId?: number): void {
    if (userId === undefined) this.#typing.clear();
    else this.#typing.end(userId);
  }

  #replace(member: MemberInfo): void {
    this.#members = new Map(this.#members).set(member.user_id, member);
    this.#listeners.emit("members", this.#members);
  }
}
