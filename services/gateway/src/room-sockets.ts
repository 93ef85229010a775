/** The seats of one room on this gateway: two topics, one per wire version, and who is behind them. */
import type { RoomName } from "@drawchat/protocol/ids";
import type { Seat } from "./seat.ts";

export type PublishToTopic = (topic: string, bytes: Buffer | string) => void;

export class RoomSockets {
  readonly room: RoomName;
  readonly seats = new Set<Seat>();
  readonly #topicV1: string;
  readonly #topicV2: string;
  readonly #publish: PublishToTopic;
  readonly #users = new Map<number, number>();
  #v1 = 0;

  constructor(room: RoomName, publish: PublishToTopic) {
    this.room = room;
    this.#topicV1 = `${room}/1`;
    this.#topicV2 = `${room}/2`;
    this.#publish = publish;
  }

  get countV1(): number {
    return this.#v1;
  }

  get countV2(): number {
    return this.seats.size - this.#v1;
  }

  /** Distinct users: someone with two tabs is one viewer. */
  get viewers(): number {
    return this.#users.size;
  }

  get userIds(): Iterable<number> {
    return this.#users.keys();
  }

  topicOf(version: 1 | 2): string {
    return version === 1 ? this.#topicV1 : this.#topicV2;
  }

  add(seat: Seat): void {
    this.seats.add(seat);
    if (seat.connection.version === 1) this.#v1 += 1;
    this.#users.set(seat.userId, (this.#users.get(seat.userId) ?? 0) + 1);
  }

  /** True where it was the user's last one. */
  remove(seat: Seat): boolean {
    if (!this.seats.delete(seat)) return false;
    if (seat.connection.version === 1) this.#v1 -= 1;
    const left = (this.#users.get(seat.userId) ?? 0) - 1;
    if (left > 0) this.#users.set(seat.userId, left);
    else this.#users.delete(seat.userId);
    return left <= 0;
  }

  *ofUser(userId: number): Iterable<Seat> {
    if (!this.#users.has(userId)) return;
    for (const seat of this.seats) if (seat.userId === userId) yield seat;
  }

  publishV1(bytes: Buffer | string): void {
    if (this.#v1 > 0) this.#publish(this.#topicV1, bytes);
  }

  publishV2(bytes: Buffer | string): void {
    if (this.countV2 > 0) this.#publish(this.#topicV2, bytes);
  }
}
