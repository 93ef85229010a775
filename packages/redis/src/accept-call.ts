/** One call of `accept.lua` as it travels: its keys and arguments, in the order of the script's head, and its answers. */
import { type ErrorCode, isErrorCode } from "@drawchat/protocol/errors";
import { type RoomName, roomKind } from "@drawchat/protocol/ids";
import type { AcceptorOptions, EventSubmission, Refused, RoomLimits, Submission } from "./accept.ts";
import { keys } from "./keys.ts";
import { EVENT_PROMPT, EVENT_V2_ONLY } from "./publication.ts";
import { asNumber, type ScriptArgument } from "./script.ts";

/** The keys of one room, in the order of accept.lua. */
export function roomKeys(room: RoomName): string[] {
  return [
    keys.room(room),
    keys.history(room),
    keys.seen(room, 0),
    keys.seen(room, 1),
    keys.rate(room),
    keys.likes(room),
    keys.channel(room),
    keys.members(room),
    keys.shown(room),
  ];
}

const KEYS_PER_ROOM = 9;

/** Collects what a group of submissions of one partition needs: each room once, each liked set once. */
export class GroupCall {
  readonly #rooms = new Map<RoomName, number>();
  readonly #likedSets = new Map<string, number>();
  readonly #submissions: Submission[] = [];
  readonly #partition: number;
  readonly #limits: RoomLimits;
  readonly #shownPerSecond: number;

  constructor(partition: number, { limits, sampleAbovePerSecond }: Pick<Required<AcceptorOptions>, "limits" | "sampleAbovePerSecond">) {
    this.#partition = partition;
    this.#limits = limits;
    this.#shownPerSecond = sampleAbovePerSecond;
  }

  add(submission: Submission): void {
    if (!this.#rooms.has(submission.room)) this.#rooms.set(submission.room, this.#rooms.size + 1);
    if ("target" in submission) {
      const key = keys.liked(submission.room, submission.target);
      if (!this.#likedSets.has(key)) this.#likedSets.set(key, this.#likedSets.size + 1);
    }
    this.#submissions.push(submission);
  }

  get keys(): string[] {
    const all = [keys.clock(this.#partition), keys.log(this.#partition)];
    for (const room of this.#rooms.keys()) all.push(...roomKeys(room));
    all.push(...this.#likedSets.keys());
    return all;
  }

  args(): ScriptArgument[] {
    const args: ScriptArgument[] = [this.#rooms.size, this.#submissions.length];
    for (const room of this.#rooms.keys()) {
      if (roomKind(room) === "session") args.push(room, this.#limits.session, this.#shownPerSecond);
      else args.push(room, this.#limits.conversation, 0);
    }
    const firstLikedKey = 2 + this.#rooms.size * KEYS_PER_ROOM;
    for (const submission of this.#submissions) {
      const room = this.#rooms.get(submission.room) ?? 0;
      if ("target" in submission) {
        const likedKey = firstLikedKey + (this.#likedSets.get(keys.liked(submission.room, submission.target)) ?? 0);
        args.push(room, "l", 0, 0, 0, submission.userId, "-", submission.target, likedKey, submission.verifiedLikes ?? "", "");
      } else if ("readUpto" in submission) {
        args.push(room, "r", 0, 0, 0, submission.userId, "-", submission.readUpto, "", "", "");
      } else {
        const { kind, userId, clientId, parts, force = false, isStaff = false, ifLastId = "" } = submission;
        args.push(room, kind, flagsOf(submission), force ? 1 : 0, isStaff ? 1 : 0, userId, clientId, ...parts, ifLastId);
      }
    }
    return args;
  }
}

function flagsOf({ v2Only = false, isPrompt = false }: EventSubmission): number {
  return (v2Only ? EVENT_V2_ONLY : 0) | (isPrompt ? EVENT_PROMPT : 0);
}

/** Of one submission; the value is its id, count or mark. */
export function parseReply(reply: string): { kind: "accepted" | "duplicate"; value: number; isSkipped: boolean } | Refused {
  const [verdict, value = "", detail] = reply.split(" ");
  if (verdict === "a" || verdict === "d") {
    return { kind: verdict === "a" ? "accepted" : "duplicate", value: asNumber(value), isSkipped: detail === "s" };
  }
  const code: ErrorCode = isErrorCode(value) ? value : "internal";
  if (detail === undefined) return { kind: "refused", code };
  return code === "newer_messages"
    ? { kind: "refused", code, lastId: asNumber(detail) }
    : { kind: "refused", code, retryAfterMs: asNumber(detail) };
}
