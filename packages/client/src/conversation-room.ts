/**
 * One room of a ConversationsClient, a conversation or its notes: its events once and in order (room-sequence.ts), own
 * messages until they are stored (outbox.ts), and its people (room-people.ts). The client brings the socket: it hands
 * over the frames of the room and calls `work` whenever something may be due. States: RoomState.
 */
import type {
  ConversationBatchFrame,
  ConversationClientFrame,
  ConversationErrorFrame,
  ConversationEvent,
  ConversationResetFrame,
  ConversationServerFrame,
  JoinedFrame,
  MemberInfo,
  PresenceState,
} from "@drawchat/protocol/conversations";
import { ERRORS, isErrorCode } from "@drawchat/protocol/errors";
import type { Position } from "@drawchat/protocol/frames";
import type { RoomName } from "@drawchat/protocol/ids";
import { Backoff } from "./backoff.ts";
import type { RoomEvents, RoomState } from "./conversation-events.ts";
import type { FrameBudget } from "./frame-budget.ts";
import { KeptOutbox, type OutboxStorage, type Sending } from "./kept-outbox.ts";
import { Listeners } from "./listeners.ts";
import type { OwnContent, OwnMessage } from "./outbox.ts";
import { OwnReadMark } from "./own-read-mark.ts";
import { RoomPeople } from "./room-people.ts";
import { RoomSequence, type Taken } from "./room-sequence.ts";
import { OwnTyping } from "./typing-marks.ts";

/** Resumes without success before the socket is given up. */
const ASKS_MAX = 3;
/** A join without an answer for this long is sent again. */
const JOIN_TIMEOUT_MS = 15_000;
const NEVER = Number.POSITIVE_INFINITY;

export type RoomFrame = Extract<Exclude<ConversationServerFrame, ConversationErrorFrame>, { room: string }> | ConversationErrorFrame;

/** What a room has of its client. */
export interface RoomWire {
  readonly budget: FrameBudget;
  readonly random: () => number;
  readonly now: () => number;
  readonly storage: OutboxStorage | undefined;
  /** Of the last welcome; 0 before the first. */
  userId(): number;
  /** Spends one frame of the budget. False where there is no open socket. */
  send(frame: ConversationClientFrame): boolean;
  /** Something may be due. */
  onDue(): void;
  /** A hole was not filled: the socket is to be left. */
  giveUp(reason: string): void;
}

export class ConversationRoom {
  readonly name: RoomName;
  readonly #wire: RoomWire;
  readonly #listeners = new Listeners<RoomEvents>();
  readonly #own: KeptOutbox;
  readonly #people = new RoomPeople(this.#listeners);
  readonly #ownTyping = new OwnTyping();
  readonly #readMark = new OwnReadMark();
  readonly #joinBackoff: Backoff;
  #sequence = new RoomSequence<ConversationEvent>();
  #state: RoomState = { name: "out", reason: "asked" };
  #isWanted: boolean = false;
  /** While waiting: not before. While joining: when the join counts as lost. */
  #joinAt = 0;

  constructor(name: RoomName, wire: RoomWire) {
    const { random, now, storage } = wire;
    this.name = name;
    this.#wire = wire;
    this.#joinBackoff = new Backoff({ random });
    this.#own = new KeptOutbox({ random, now, storage, storageKey: name, onChange: (message) => this.#listeners.emit("own", message) });
    this.#own.restore();
    if (this.#hasUnsettled) this.#state = { name: "waiting" };
  }

  get state(): RoomState {
    return this.#state;
  }

  /** Where the room's sequence stands; undefined before the first join. */
  get position(): Position | undefined {
    return this.#sequence.position;
  }

  get members(): ReadonlyMap<number, MemberInfo> {
    return this.#people.members;
  }

  get isBotOn(): boolean {
    return this.#people.isBotOn;
  }

  /** The user ids of those who type now. */
  get typing(): ReadonlySet<number> {
    return this.#people.typing;
  }

  /** Own messages that are not stored yet, in order. */
  get unsettled(): OwnMessage[] {
    return this.#own.box.messages;
  }

  /** Listens to one kind of event; returns the function that stops it. */
  on<Name extends keyof RoomEvents>(name: Name, listener: (value: RoomEvents[Name]) => void): () => void {
    return this.#listeners.on(name, listener);
  }

  /** Joins, and again after each reconnect, until `leave`. The latest events come anew, behind a `reset`. */
  join(): void {
    if (this.#isWanted && this.#state.name !== "out") return;
    this.#isWanted = true;
    if (this.#state.name === "joined") this.#wire.send({ type: "leave", room: this.name });
    this.#sequence = new RoomSequence();
    this.#wait(0);
    this.#wire.onDue();
  }

  /** Leaves as soon as the own messages are stored. */
  leave(): void {
    this.#isWanted = false;
    this.#wire.onDue();
  }

  /** Queues a message; it is sent as soon as the room is joined, and again until the server has answered. */
  send(content: OwnContent): Sending {
    const sending = this.#own.send(content);
    this.#ownTyping.end();
    if (this.#state.name === "out") this.#wait(0);
    this.#wire.onDue();
    return sending;
  }

  /** Sends a failed message again under its client_id: it becomes one message at most. */
  retry(clientId: string): void {
    this.#own.box.retry(clientId);
    if (this.#state.name === "out") this.#wait(0);
    this.#wire.onDue();
  }

  /** Forgets a failed message. */
  discard(clientId: string): void {
    this.#own.discard(clientId);
  }

  /** Everything up to this message was read. */
  markRead(upto: number): void {
    this.#readMark.want(upto);
    this.#wire.onDue();
  }

  /** To be called at each key stroke, with `false` when the text is gone. Without a socket it does nothing. */
  typingNow(isTyping = true): void {
    const now = this.#wire.now();
    if (this.#state.name !== "joined" || !this.#ownTyping.note(isTyping, now) || this.#wire.budget.available(now) <= 0) return;
    if (this.#wire.send({ type: "typing", room: this.name, is_typing: isTyping })) this.#ownTyping.noteSent(isTyping, now);
  }

  // ---- what the client tells ---------------------------------------------------------------------------------------

  onSocketLost(): void {
    this.#sequence.forgetHole();
    this.#people.endTyping();
    this.#ownTyping.forget();
    if (this.#state.name !== "out") this.#wait(0);
  }

  onPresence(userId: number, state: PresenceState): void {
    this.#people.notePresence(userId, state);
  }

  onFrame(frame: RoomFrame): void {
    switch (frame.type) {
      case "joined":
        this.#onJoined(frame);
        break;
      case "left":
        if (frame.reason === "removed") this.#goOut("removed");
        break;
      case "members":
        this.#people.set(frame.members, frame.is_bot_on);
        break;
      case "batch":
        this.#onBatch(frame);
        break;
      case "reset":
        this.#onReset(frame);
        break;
      case "tip":
        this.#sequence.noteTip(frame.upto, this.#wire.now());
        break;
      case "read":
        this.#onRead(frame.user_id, frame.upto);
        break;
      case "typing":
        if (frame.user_id !== this.#wire.userId()) this.#people.noteTyping(frame.user_id, frame.is_typing, frame.expires_in_ms);
        break;
      case "ack":
        this.#own.box.onAck(frame);
        break;
      case "stored":
        this.#own.box.onStored(frame.upto);
        break;
      case "rejected":
        this.#own.box.onRejected(frame.client_id, frame.code);
        break;
      case "error":
        this.#onError(frame);
        break;
      default:
        frame satisfies never;
    }
  }

  #onJoined(frame: JoinedFrame): void {
    if (this.#state.name !== "joining" && this.#state.name !== "joined") return; // left since it was asked for
    const since = this.#sequence.position;
    const isSameRoom = frame.recovered && since?.epoch === frame.epoch;
    // Before the events are shown and before anything is sent: see the welcome of ChatClient.
    this.#own.box.restart(isSameRoom ? since.id : 0);
    this.#joinBackoff.reset();
    this.#people.set(frame.members, frame.is_bot_on);
    this.#readMark.noteOnNewSocket(this.members.get(this.#wire.userId())?.read_upto ?? 0);
    if (frame.recovered && since) this.#show(this.#sequence.recover(frame));
    else this.#startOver(frame);
    this.#setState({ name: "joined" });
  }

  #onReset(frame: ConversationResetFrame): void {
    this.#own.box.restart(0);
    this.#startOver(frame);
  }

  #startOver(frame: JoinedFrame | ConversationResetFrame): void {
    this.#listeners.emit("reset", undefined);
    this.#show(this.#sequence.restart(frame));
  }

  #onBatch(frame: ConversationBatchFrame): void {
    this.#show(this.#sequence.take(frame, this.#wire.now()));
  }

  #show({ events }: Taken<ConversationEvent>): void {
    for (const event of events) this.#showOne(event);
  }

  #showOne(event: ConversationEvent): void {
    if (event.type === "new_message") {
      this.#people.endTyping(event.message.user_id);
      this.#listeners.emit("message", event.message);
    } else if (event.type === "edit") this.#listeners.emit("edit", event.message);
    else if (event.type === "delete") this.#listeners.emit("delete", event);
    else if (event.type === "member") this.#listeners.emit("member", event);
  }

  #onRead(userId: number, upto: number): void {
    if (userId === this.#wire.userId()) this.#readMark.note(upto);
    this.#people.noteRead(userId, upto);
  }

  #onError({ code, message, client_id: clientId, retry_after_ms: retryAfterMs }: ConversationErrorFrame): void {
    const now = this.#wire.now();
    if (clientId !== undefined) this.#own.box.onRefused(clientId, { code, retryAfterMs }, now);
    else if (this.#state.name !== "joining") this.#listeners.emit("refused", { code, message, retryAfterMs });
    else if (isErrorCode(code) && ERRORS[code].retry) this.#wait(now + (retryAfterMs ?? 0) + this.#joinBackoff.nextMs());
    else this.#goOut(code);
  }

  // ---- work: what is due is sent -----------------------------------------------------------------------------------

  /** Sends what is due on a welcomed socket. Returns when to look again, Infinity where nothing is to come. */
  work(now: number): number {
    if (this.#state.name === "out") return NEVER;
    if (!this.#isWanted && !this.#hasUnsettled) return this.#leaveNow();
    return this.#state.name === "joined" ? this.#workJoined(now) : this.#workJoin(now);
  }

  #leaveNow(): number {
    if (this.#state.name !== "waiting") this.#wire.send({ type: "leave", room: this.name });
    this.#goOut("asked");
    return NEVER;
  }

  #workJoin(now: number): number {
    const { budget } = this.#wire;
    if (now < this.#joinAt) return this.#joinAt;
    if (budget.available(now) <= 0) return budget.freeAt(now);
    const since = this.#sequence.position;
    this.#joinAt = now + JOIN_TIMEOUT_MS;
    this.#setState({ name: "joining" });
    this.#wire.send({ type: "join", room: this.name, ...(since && { since }) });
    return this.#joinAt;
  }

  #workJoined(now: number): number {
    if (!this.#askForMissing(now)) return NEVER;
    this.#sendDue(now);
    const { budget } = this.#wire;
    if (this.#readMark.dueAt <= now && budget.available(now) > 0) {
      this.#wire.send({ type: "read", room: this.name, upto: this.#readMark.take(now) });
    }
    const sendAt = Math.min(this.#own.box.nextDueAt ?? NEVER, this.#readMark.dueAt);
    return Math.min(sendAt === NEVER ? NEVER : Math.max(sendAt, budget.freeAt(now)), this.#sequence.askAt ?? NEVER);
  }

  /** False where the socket was given up over it. */
  #askForMissing(now: number): boolean {
    const since = this.#sequence.position;
    const askAt = this.#sequence.askAt;
    if (!since || askAt === undefined || askAt > now) return true;
    if (this.#sequence.asks >= ASKS_MAX) {
      this.#wire.giveUp("a hole was not filled");
      return false;
    }
    this.#sequence.noteAsked(now);
    this.#wire.send({ type: "resume", room: this.name, since });
    return true;
  }

  #sendDue(now: number): void {
    const due = this.#own.box.takeDue(now, this.#wire.budget.available(now));
    for (const { clientId, text, attachment, ifLastId, resend } of due) {
      this.#wire.send({
        type: "message",
        room: this.name,
        client_id: clientId,
        message: text,
        ...(attachment && { upload_id: attachment.upload_id }),
        ...(ifLastId !== undefined && { if_last_id: ifLastId }),
        ...(resend && { resend }),
      });
    }
    if (due.length > 0) this.#own.save();
  }

  get #hasUnsettled(): boolean {
    return this.unsettled.some(({ status }) => status.state !== "failed");
  }

  #wait(joinAt: number): void {
    this.#joinAt = joinAt;
    this.#setState({ name: "waiting" });
  }

  /** Own messages that were not stored cannot be any more, unless one left by oneself: then there are none. */
  #goOut(reason: string): void {
    this.#people.endTyping();
    this.#sequence = new RoomSequence();
    this.#setState({ name: "out", reason });
    for (const { clientId, status } of this.unsettled) if (status.state !== "failed") this.#own.box.onRejected(clientId, reason);
  }

  #setState(state: RoomState): void {
    this.#state = state;
    this.#listeners.emit("state", state);
  }
}
