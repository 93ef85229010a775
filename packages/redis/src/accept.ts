/**
 * The caller's side of `accept.lua`: group commit. What arrives for a partition while a call is in flight goes out
 * together in the next call; an idle partition waits for nothing. One call a partition at a time, so the order of
 * submissions is the order of ids.
 *
 * A call that timed out is *unknown*: its group is repeated unchanged (dedupe makes that harmless) before any later
 * group of its partition, and answered `unavailable` after 5 s. One that a cluster surely did not execute (its slot is on
 * the way to another node) is repeated the same, and answered `busy`.
 */
import { randomBytes } from "node:crypto";
import type { ErrorCode } from "@drawchat/protocol/errors";
import { partitionOfRoom, type RoomName, roomKind } from "@drawchat/protocol/ids";
import { Backoff } from "@drawchat/runtime/backoff";
import type { Log } from "@drawchat/runtime/log";
import { GroupCall, parseReply } from "./accept-call.ts";
import { publishCommand } from "./commands.ts";
import { isNotExecuted, type RedisClient } from "./connect.ts";
import type { LikeTarget } from "./keys.ts";
import type { EventKind } from "./publication.ts";
import { asArray, asText, defineScript } from "./script.ts";

const script = defineScript(new URL("./accept.lua", import.meta.url));

export interface EventSubmission {
  room: RoomName;
  kind: EventKind;
  userId: number;
  /** A UUID; unique per user and room. */
  clientId: string;
  /** The event's JSON around its slots: the id goes behind the first part, created_at behind the second unless the third is empty. */
  parts: readonly [string, string, string];
  v2Only?: boolean;
  /** Shown live whatever the room's rate is, and at once: hosts and winners. */
  isPrompt?: boolean;
  /** Accepted only where the room's last message is not above this one (0: there is none yet), else `newer_messages`. */
  ifLastId?: number | undefined;
  /** The sender is an agent or admin by their token: notes are taken of nobody else. */
  isStaff?: boolean;
  /** No policy, dedupe overwritten: the writer's own corrections. */
  force?: boolean;
}

export interface LikeSubmission {
  room: RoomName;
  target: LikeTarget;
  userId: number;
  /** The message's likes column, where Postgres was asked because the room's history does not hold it. */
  verifiedLikes?: number;
}

/** A participant has read everything up to an event of the conversation. */
export interface ReadSubmission {
  room: RoomName;
  userId: number;
  readUpto: number;
}

/** `lastId` comes with `newer_messages`: the room's last message. */
export type Refused = { kind: "refused"; code: ErrorCode; retryAfterMs?: number; lastId?: number };
/** `isSkipped`: accepted, and not shown live. Of a repetition it is known as long as Redis knows the first. */
export type Outcome = { kind: "accepted"; id: number; isSkipped?: true } | { kind: "duplicate"; id: number; isSkipped?: true } | Refused;
export type LikeOutcome = { kind: "accepted"; likes: number } | { kind: "duplicate"; likes: number } | Refused;

/** The mark as it is now; `duplicate`: it was there, or above it, already. */
export type ReadOutcome = { kind: "accepted"; upto: number } | { kind: "duplicate"; upto: number } | Refused;

/** Accepted messages that a user may have in one room in any 60 s, by its kind; 0 is no limit. Bots have none. */
export interface RoomLimits {
  session: number;
  conversation: number;
}

export interface AcceptorOptions {
  redis: RedisClient;
  log: Log;
  limits: RoomLimits;
  /** Ordinary messages that a session shows live in a second, 0 (default): all. What is beyond is accepted and skipped. */
  sampleAbovePerSecond?: number;
  /** Asked when Redis does not know a room: brings it back from Postgres. */
  restoreRoom: (room: RoomName) => Promise<"restored" | "unknown" | "unavailable">;
  logMaxEntries?: number; // default 200,000 a partition
  logMaxBytes?: number; // default 256 MiB a partition
  seenMaxEntries?: number; // default 2,000,000 a dedupe hash: messages a room may accept in ten minutes, ~140 bytes each
}

const GROUP_MAX_SUBMISSIONS = 128;
const GROUP_MAX_BYTES = 65_536;
const WAITING_MAX_SUBMISSIONS = 1_000;
const WAITING_MAX_BYTES = 1_048_576;
const GIVE_UP_MS = 5_000;
const EVENT_OVERHEAD_BYTES = 100;
const RECORD_BYTES = 40;

export type Submission = EventSubmission | LikeSubmission | ReadSubmission;

interface Waiting {
  room: RoomName;
  submission: Submission;
  bytes: number;
  /** Given up then (monotonic ms), whatever happens until then. */
  giveUpAt: number;
  answer: (reply: string) => void;
}

interface Queue {
  waiting: Waiting[];
  bytes: number;
  running: boolean;
  highestSeen: number;
}

export class Acceptor {
  readonly #options: Required<AcceptorOptions>;
  readonly #queues = new Map<number, Queue>();
  #idle: Array<() => void> = [];
  #running = 0;

  constructor(options: AcceptorOptions) {
    this.#options = { sampleAbovePerSecond: 0, logMaxEntries: 200_000, logMaxBytes: 268_435_456, seenMaxEntries: 2_000_000, ...options };
  }

  /** Resolves once the fate is known, or after 5 s with `unavailable` (then unknown) or `busy`. Never rejects. */
  async submit(submission: EventSubmission): Promise<Outcome> {
    const [head, middle, tail] = submission.parts;
    const bytes = EVENT_OVERHEAD_BYTES + Buffer.byteLength(head) + Buffer.byteLength(middle) + Buffer.byteLength(tail);
    const reply = parseReply(await this.#enqueue(submission, bytes));
    if (reply.kind === "refused") return reply;
    return { kind: reply.kind, id: reply.value, ...(reply.isSkipped ? { isSkipped: true } : {}) };
  }

  /** The same for a like; answers the count that everybody is shown. */
  async like(submission: LikeSubmission): Promise<LikeOutcome> {
    const reply = parseReply(await this.#enqueue(submission, RECORD_BYTES));
    return reply.kind === "refused" ? reply : { kind: reply.kind, likes: reply.value };
  }

  /** The same for a read mark of a conversation, which only moves forward. Refused: `not_found`, or `bad_id` above its end. */
  async markRead(submission: ReadSubmission): Promise<ReadOutcome> {
    const reply = parseReply(await this.#enqueue(submission, RECORD_BYTES));
    return reply.kind === "refused" ? reply : { kind: reply.kind, upto: reply.value };
  }

  /** Ids rise above everything the caller has seen, also after Redis lost its memory. */
  noteSeen(partition: number, id: number): void {
    const queue = this.#queue(partition);
    if (id > queue.highestSeen) queue.highestSeen = id;
  }

  /** Resolves when nothing waits and nothing is in flight. */
  async drained(): Promise<void> {
    if (this.#running === 0) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #queue(partition: number): Queue {
    let queue = this.#queues.get(partition);
    if (queue === undefined) {
      queue = { waiting: [], bytes: 0, running: false, highestSeen: 0 };
      this.#queues.set(partition, queue);
    }
    return queue;
  }

  #enqueue(submission: Submission, bytes: number): Promise<string> {
    const partition = partitionOfRoom(submission.room);
    const queue = this.#queue(partition);
    if (queue.waiting.length >= WAITING_MAX_SUBMISSIONS || queue.bytes + bytes > WAITING_MAX_BYTES) return Promise.resolve("r busy");
    return new Promise((resolve) => {
      queue.waiting.push({ room: submission.room, submission, bytes, giveUpAt: performance.now() + GIVE_UP_MS, answer: resolve });
      queue.bytes += bytes;
      if (!queue.running) void this.#drain(partition, queue);
    });
  }

  async #drain(partition: number, queue: Queue): Promise<void> {
    queue.running = true;
    this.#running += 1;
    while (queue.waiting.length > 0) await this.#settleGroup(partition, queue, takeGroup(queue));
    queue.running = false;
    this.#running -= 1;
    if (this.#running === 0) {
      for (const resolve of this.#idle.splice(0)) resolve();
    }
  }

  /** Answers every submission of the group; rooms that Redis does not know are restored first, later groups wait. */
  async #settleGroup(partition: number, queue: Queue, group: Waiting[]): Promise<void> {
    const replies = await this.#callUntilKnown(partition, queue, group);
    const unknown = new Map<RoomName, Waiting[]>();
    group.forEach((waiting, i) => {
      const reply = replies[i] ?? "r unavailable";
      if (reply !== "r room_unknown") waiting.answer(reply);
      else unknown.set(waiting.room, [...(unknown.get(waiting.room) ?? []), waiting]);
    });
    for (const [room, waitings] of unknown) {
      const restored = await this.#options.restoreRoom(room);
      if (restored === "restored") {
        const again = await this.#callUntilKnown(partition, queue, waitings);
        waitings.forEach((waiting, i) => {
          const reply = again[i] ?? "r unavailable";
          waiting.answer(reply === "r room_unknown" ? "r unavailable" : reply);
        });
      } else {
        for (const waiting of waitings) waiting.answer(restored === "unknown" ? unknownReply(room) : "r unavailable");
      }
    }
  }

  async #callUntilKnown(partition: number, queue: Queue, group: readonly Waiting[]): Promise<string[]> {
    // Counted from the arrival of the oldest: who waited behind another group has waited long enough. One try at least.
    const giveUpAt = Math.min(...group.map((waiting) => waiting.giveUpAt));
    const backoff = new Backoff({ baseMs: 20, capMs: 500 });
    let mayHaveRun = false;
    for (;;) {
      try {
        const replies = await this.#call(partition, queue, group);
        // A like whose first attempt may have run is the user's own: it counts as accepted, not as a repetition.
        return mayHaveRun ? replies.map((reply, i) => (isLike(group[i]) ? reply.replace(/^d/, "a") : reply)) : replies;
      } catch (error) {
        mayHaveRun ||= !isNotExecuted(error);
        if (performance.now() >= giveUpAt) {
          const err = { message: error instanceof Error ? error.message : String(error) };
          this.#options.log.warn({ component: "live_chat", partition, submissions: group.length, err }, "accept gave up");
          return group.map(() => (mayHaveRun ? "r unavailable" : "r busy"));
        }
        await backoff.wait();
      }
    }
  }

  async #call(partition: number, queue: Queue, group: readonly Waiting[]): Promise<string[]> {
    const { redis, logMaxEntries, logMaxBytes, seenMaxEntries } = this.#options;
    const call = new GroupCall(partition, this.#options);
    for (const { submission } of group) call.add(submission);
    const reply = asArray(
      await script.run(redis, call.keys, [
        partition,
        randomBytes(12).toString("base64url"),
        queue.highestSeen,
        publishCommand(redis),
        logMaxEntries,
        logMaxBytes,
        seenMaxEntries,
        ...call.args(),
      ]),
    );
    return reply.slice(3).map(asText);
  }
}

function takeGroup(queue: Queue): Waiting[] {
  let count = 0;
  let bytes = 0;
  for (const waiting of queue.waiting) {
    if (count > 0 && (count >= GROUP_MAX_SUBMISSIONS || bytes + waiting.bytes > GROUP_MAX_BYTES)) break;
    count += 1;
    bytes += waiting.bytes;
  }
  queue.bytes -= bytes;
  return queue.waiting.splice(0, count);
}

/** Postgres does not know the room either. */
function unknownReply(room: RoomName): string {
  return roomKind(room) === "session" ? "r session_not_found" : "r not_found";
}

function isLike(waiting: Waiting | undefined): boolean {
  return waiting !== undefined && "target" in waiting.submission;
}
