/** One socket's place in one room: a live chat's socket has one seat, that of conversations one a room it joined. */
import type { Connection } from "./connection.ts";
import type { LiveRoom } from "./live-room.ts";

export class Seat {
  readonly connection: Connection;
  readonly room: LiveRoom;
  readonly userId: number;
  /** It was told where it stands (v1: subscribed). */
  isJoined = false;
  /** The place up to which a seat that is being paged has events, and the lineage it belongs to. */
  position = 0;
  epoch = "";
  #isLive = false;

  constructor(connection: Connection, room: LiveRoom, userId: number) {
    this.connection = connection;
    this.room = room;
    this.userId = userId;
  }

  /** On the room's topic: gets every further frame. Otherwise it is being paged up to it. */
  get isLive(): boolean {
    return this.#isLive;
  }

  listen(): void {
    this.connection.subscribe(this.room.sockets.topicOf(this.connection.version));
    this.#isLive = true;
  }

  pause(): void {
    if (this.#isLive) this.connection.unsubscribe(this.room.sockets.topicOf(this.connection.version));
    this.#isLive = false;
  }
}
