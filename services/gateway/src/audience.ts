/**
 * Who watches a room on this gateway, on its way to Postgres: joins and leaves are gathered and go out together, beside
 * a full list once a minute and after whatever may have lost something. Nothing here is asked by the hot path.
 */
import type { RoomName } from "@drawchat/protocol/ids";
import { type AudienceReport, addAudience, chunkChanges, chunkList } from "@drawchat/redis/audience";
import type { RedisClient } from "@drawchat/redis/connect";

const LIST_MS = 60_000;
/** Changes gathered while Redis is away; what is beyond is left to the list. */
const MAX_CHANGES = 50_000;

interface RoomAudience {
  /** Who is in both came and went; who came again is in `joined` alone. */
  joined: Set<number>;
  left: Set<number>;
  /** Of the room's last list; another one means that Redis lost its memory. */
  epoch: string;
  /** Monotonic. A new room begins with a list: an earlier process under this gateway's name may have left rows behind. */
  listDueMs: number;
}

export interface AudienceOptions {
  redis: RedisClient;
  gatewayId: string;
  /** The room, while it has listeners here. */
  find: (room: RoomName) => WatchedRoom | undefined;
  /** A room's full list comes as often as this, more or less; default a minute. */
  listMs?: number;
}

/** What is asked of a room. */
export interface WatchedRoom {
  readonly epoch: string;
  readonly sockets: { readonly userIds: Iterable<number> };
}

export class Audience {
  readonly #options: AudienceOptions;
  readonly #listMs: number;
  readonly #rooms = new Map<RoomName, RoomAudience>();

  constructor(options: AudienceOptions) {
    this.#options = options;
    this.#listMs = options.listMs ?? LIST_MS;
  }

  noteJoin(room: RoomName, userId: number): void {
    const audience = this.#of(room);
    audience.left.delete(userId);
    audience.joined.add(userId);
  }

  /** The user's last socket in this room is gone. */
  noteLeave(room: RoomName, userId: number): void {
    this.#of(room).left.add(userId);
  }

  /** Something may not have arrived: every room sends its list next. */
  noteLoss(): void {
    for (const audience of this.#rooms.values()) audience.listDueMs = 0;
  }

  /**
   * Sends what has gathered. Rejects where Redis did not take it of some rooms: theirs goes out with the next one, behind
   * it a list. To be called again when it has ended: a room's reports arrive in their order.
   */
  async report(): Promise<void> {
    const taken = [...this.#rooms].map(([name, audience]) => this.#take(name, audience));
    const failed = await addAudience(
      this.#options.redis,
      taken.flatMap(({ reports }) => reports),
    );
    for (const one of taken) if (failed.has(one.name)) giveBack(one);
    this.#forgetEmpty();
    for (const error of failed.values()) throw error;
  }

  #of(room: RoomName): RoomAudience {
    let audience = this.#rooms.get(room);
    if (audience === undefined) {
      audience = { joined: new Set(), left: new Set(), epoch: "", listDueMs: 0 };
      this.#rooms.set(room, audience);
    }
    return audience;
  }

  /** Changes first: a join takes a row over from a gateway that is gone, a list does not. */
  #take(name: RoomName, audience: RoomAudience): Taken {
    const { joined, left } = audience;
    const room = this.#options.find(name);
    const isListDue = performance.now() >= audience.listDueMs || (room !== undefined && room.epoch !== audience.epoch);
    audience.joined = new Set();
    audience.left = new Set();
    const contents = joined.size + left.size === 0 ? [] : [...chunkChanges([...joined], [...left])];
    if (!isListDue) return { name, audience, joined, left, reports: contents.map((content) => this.#about(name, content)) };
    audience.epoch = room?.epoch ?? "";
    // Spread, so that the lists of many rooms and gateways do not come in one wave.
    audience.listDueMs = performance.now() + this.#listMs * (0.75 + Math.random() / 2);
    const lists = chunkList(room?.sockets.userIds ?? []);
    return { name, audience, joined, left, reports: [...contents, ...lists].map((content) => this.#about(name, content)) };
  }

  #about(room: RoomName, content: AudienceReport["content"]): AudienceReport {
    return { room, gatewayId: this.#options.gatewayId, content };
  }

  /** A room without listeners here whose last leaves are told, or the list that makes up for them. */
  #forgetEmpty(): void {
    for (const [name, { joined, left, listDueMs }] of this.#rooms) {
      if (joined.size + left.size === 0 && listDueMs > 0 && this.#options.find(name) === undefined) this.#rooms.delete(name);
    }
  }
}

interface Taken {
  name: RoomName;
  audience: RoomAudience;
  joined: Set<number>;
  left: Set<number>;
  reports: AudienceReport[];
}

/** Behind what came since: that is newer. Some of it may have been taken; a list says what is true. */
function giveBack({ audience, joined, left }: Taken): void {
  audience.listDueMs = 0;
  if (joined.size + left.size + audience.joined.size + audience.left.size > MAX_CHANGES) return;
  for (const userId of left) if (!audience.joined.has(userId)) audience.left.add(userId);
  for (const userId of joined) audience.joined.add(userId);
}
