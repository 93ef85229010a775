/**
 * Every key and channel in Redis. All keys of a partition carry its hash tag `{pNN}`, so that one script stays in
 * one slot of Redis Cluster, and its channels are heard at the node of that slot.
 *
 * | key                        | type    | holds                                             | bound                          |
 * |----------------------------|---------|---------------------------------------------------|--------------------------------|
 * | dc:{p07}:clock             | hash    | last, stored, epoch, log_bytes                    | never evicted                  |
 * | dc:{p07}:log               | stream  | accepted, not stored; id = first event id         | never by length; `busy` at cap |
 * | dc:{p07}:writer            | string  | lease: which writer normally serves the partition | 5 s                            |
 * | dc:{p07}:room:s42          | hash    | policy and position (RoomFields)                  | closes_at + 24 h               |
 * | dc:{p07}:history:s42       | stream  | publications; id = upto                           | 5 min or 500 events, ≤ 8 MiB   |
 * | dc:{p07}:seen:s42:0, :1    | hashes  | user:client_id → id                               | two turns of 10 min            |
 * | dc:{p07}:rate:s42          | hash    | user → times of the accepted messages, packed     | with the room                  |
 * | dc:{p07}:shown:s42         | zset    | user → when a message was last shown live         | 60 s, while messages come      |
 * | dc:{p07}:likes:s42         | hash    | target:stored, target:pending                     | with the room                  |
 * | dc:{p07}:liked:s42:TARGET  | set     | users who liked (a filter; Postgres is the truth) | with the room                  |
 * | dc:{p07}:members:c99       | hash    | user → "role read_upto"; `v` → policy version     | with the room; notes n99 use it|
 * | dc:{p07}:viewers:s42       | hash    | gateway → count:seen_ms                           | stale after 12 s               |
 * | dc:{p07}:audience          | stream  | joins and leaves of users, on their way to Postgres | by length (lossy)            |
 * | dc:{p07}:ch:s42            | channel | publications                                      |                                |
 * | dc:{rest}:writes:KIND:USER | counter | REST writes of a kind, and searches, of a user    | 60 s                           |
 * | dc:{rest}:uploads:USER     | counter | uploads of a user                                 | 60 s                           |
 * | dc:{rest}:upload_bytes:USER | counter | their bytes                                      | a day                          |
 * | dc:{u}:inbox:USER, :agents | channel | what is new in a user's list of conversations, in the agents' | |
 * | dc:{u}:presence:gateways   | hash    | gateway → seen_ms:version of its list             | stale after 12 s               |
 * | dc:{u}:presence:at:GATEWAY | hash    | user → online or away, as of this gateway         | with the gateway               |
 * | dc:{u}:presence:seen       | hash    | user → when last seen, on the way to Postgres     | drained by jobs                |
 * | dc:{u}:presence            | channel | changes of a gateway's list                       |                                |
 * | dc:{ctl}:partitions        | string  | how many partitions the ids here were made for    |                                |
 * | dc:{ctl}:version, :log     | counter, stream | commands to all gateways                  | last 1,000                     |
 * | dc:{p07}:probe:GATEWAY     | channel | a gateway's probe of its own subscription         |                                |
 * | dc:{ctl}                   | channel | the same commands, at once                        |                                |
 *
 * TARGET is `s` for the session itself or a message id.
 */
import { partitionOfRoom, type RoomName, roomNumber } from "@drawchat/protocol/ids";

function tag(partition: number): string {
  return `dc:{p${String(partition).padStart(2, "0")}}`;
}

/** What was liked: `s` is the session itself, else a message id. */
export type LikeTarget = "s" | `${number}`;

export const keys = {
  clock: (partition: number) => `${tag(partition)}:clock`,
  log: (partition: number) => `${tag(partition)}:log`,
  writerLease: (partition: number) => `${tag(partition)}:writer`,
  room: (room: RoomName) => `${tag(partitionOfRoom(room))}:room:${room}`,
  history: (room: RoomName) => `${tag(partitionOfRoom(room))}:history:${room}`,
  seen: (room: RoomName, turn: 0 | 1) => `${tag(partitionOfRoom(room))}:seen:${room}:${turn}`,
  rate: (room: RoomName) => `${tag(partitionOfRoom(room))}:rate:${room}`,
  shown: (room: RoomName) => `${tag(partitionOfRoom(room))}:shown:${room}`,
  likes: (room: RoomName) => `${tag(partitionOfRoom(room))}:likes:${room}`,
  liked: (room: RoomName, target: LikeTarget) => `${tag(partitionOfRoom(room))}:liked:${room}:${target}`,
  viewers: (room: RoomName) => `${tag(partitionOfRoom(room))}:viewers:${room}`,
  audience: (partition: number) => `${tag(partition)}:audience`,
  /** Of a conversation and its notes together. */
  members: (room: RoomName) => `${tag(partitionOfRoom(room))}:members:c${roomNumber(room)}`,
  /** What a conversation leaves Redis with, an hour after the last of it was stored. */
  ofConversation(room: RoomName): string[] {
    return [keys.room(room), keys.history(room), keys.seen(room, 0), keys.seen(room, 1), keys.rate(room), keys.members(room)];
  },
  channel: (room: RoomName) => `${tag(partitionOfRoom(room))}:ch:${room}`,
  /** What is new in a user's list of conversations. */
  inbox: (userId: number) => `dc:{u}:inbox:${userId}`,
  /** The same for the list of all conversations, which agents share. */
  agentsInbox: "dc:{u}:inbox:agents",
  presenceGateways: "dc:{u}:presence:gateways",
  presenceAt: (gatewayId: string) => `dc:{u}:presence:at:${gatewayId}`,
  presenceSeen: "dc:{u}:presence:seen",
  presenceChannel: "dc:{u}:presence",
  /** A gateway's own bell: what it rings it must hear. */
  probe: (gatewayId: string, partition: number) => `${tag(partition)}:probe:${gatewayId}`,
  control: "dc:{ctl}",
  controlVersion: "dc:{ctl}:version",
  controlLog: "dc:{ctl}:log",
  writers: "dc:{writers}",
  partitions: "dc:{ctl}:partitions",
  restWrites: "dc:{rest}:writes",
  uploads: "dc:{rest}:uploads",
  uploadBytes: "dc:{rest}:upload_bytes",
} as const;
