import type { UserRole } from "@drawchat/protocol/conversations";
import type { RoomName } from "@drawchat/protocol/ids";
import type { ConversationPolicy, RoomState } from "@drawchat/redis/room-state";
import { expect, test } from "vitest";
import { nowhere, roomDeps } from "../test/listened-room.ts";
import { looseConnection } from "../test/loose-connection.ts";
import { ConversationSide } from "./conversation-side.ts";
import { LiveRoom } from "./live-room.ts";
import { MemberRooms } from "./member-rooms.ts";
import { Seat } from "./seat.ts";

const [CUSTOMER, OTHER, AGENT] = [1, 2, 3];

function policy(version: number, marks: Record<number, number>): ConversationPolicy {
  const members = Object.entries(marks).map(([userId, readUpto]) => [Number(userId), { role: "customer", readUpto }] as const);
  return { kind: "conversation", version, isBotOn: false, members: new Map(members) };
}

const stateWith = (read: ConversationPolicy): RoomState => ({
  epoch: "e",
  stored: 0,
  redisTimeMs: 0,
  policy: read,
  upto: 0,
  viewers: 0,
  likes: new Map(),
  publications: [],
});

/** A room of two customers, with an agent looking on; what each is told is collected, and who was sent away. */
function stage(name: RoomName = "c1") {
  const memberRooms = new MemberRooms();
  const evicted: number[] = [];
  const { sockets } = new LiveRoom(
    name,
    roomDeps(nowhere, () => undefined),
  );
  const side = new ConversationSide({
    sockets,
    memberRooms,
    presenceOf: (userId) => (userId === OTHER ? "away" : "offline"),
    evict: (seat) => {
      evicted.push(seat.userId);
      sockets.remove(seat);
    },
  });
  const told = new Map<number, unknown[]>();
  const sit = (userId: number, role: UserRole) => {
    const frames: unknown[] = [];
    told.set(userId, frames);
    const connection = looseConnection({ wire: { send: (message) => frames.push(JSON.parse(message.toString())) } });
    connection.profile = { username: "ann", profile_pic: null, role, is_active: true };
    const seat = new Seat(
      connection,
      new LiveRoom(
        name,
        roomDeps(nowhere, () => undefined),
      ),
      userId,
    );
    seat.isJoined = true;
    sockets.add(seat);
    return connection;
  };
  side.begin(stateWith(policy(1, { [CUSTOMER]: 10, [OTHER]: 0 })));
  const connections = [sit(CUSTOMER, "customer"), sit(OTHER, "customer"), sit(AGENT, "agent")];
  return { side, told, evicted, memberRooms, connections };
}

test("marks move forward only, whether they are told or read beside a repair or a policy", async () => {
  const { side, told } = stage();
  side.onControl({ type: "read", user_id: CUSTOMER, upto: 20 });
  side.onControl({ type: "read", user_id: CUSTOMER, upto: 15 });
  side.onControl({ type: "read", user_id: AGENT, upto: 30 }); // no participant
  await side.noteRepaired(stateWith(policy(1, { [CUSTOMER]: 18, [OTHER]: 25 })));
  const marks = [
    { type: "read", room: "c1", user_id: CUSTOMER, upto: 20 },
    { type: "read", room: "c1", user_id: OTHER, upto: 25 },
  ];
  for (const userId of [CUSTOMER, OTHER, AGENT]) expect(told.get(userId)).toEqual(marks);
  side.setPolicy(policy(2, { [CUSTOMER]: 5, [OTHER]: 30 }));
  expect(side.members().members.map((member) => [member.user_id, member.read_upto])).toEqual([
    [CUSTOMER, 20],
    [OTHER, 30],
  ]);
});

test("after a reset the marks are those that Redis has, for what it lost is lost", () => {
  const { side } = stage();
  side.onControl({ type: "read", user_id: CUSTOMER, upto: 20 });
  side.begin(stateWith(policy(1, { [CUSTOMER]: 10 })));
  expect(side.members().members.map((member) => member.read_upto)).toEqual([10]);
});

test("who is out is sent away before the others are told; staff stays, member or not", async () => {
  const { side, told, evicted, memberRooms, connections } = stage();
  await side.noteRepaired(stateWith(policy(2, { [OTHER]: 0 })));
  expect(evicted).toEqual([CUSTOMER]);
  const members = [{ user_id: OTHER, role: "customer", read_upto: 0, presence: "away" }];
  expect([told.get(CUSTOMER), told.get(OTHER), told.get(AGENT)]).toEqual([
    [],
    [{ type: "members", room: "c1", members, is_bot_on: false }],
    [{ type: "members", room: "c1", members, is_bot_on: false }],
  ]);
  expect([...memberRooms.connectionsWith(OTHER)]).toEqual(connections.slice(1));
  expect(memberRooms.connectionsWith(CUSTOMER).size).toBe(0);
  side.stop();
  expect(memberRooms.connectionsWith(OTHER).size).toBe(0);
});

test("notes are for staff alone, whoever is a participant", () => {
  const { side, evicted } = stage("n1");
  side.setPolicy(policy(2, { [CUSTOMER]: 0, [OTHER]: 0 }));
  expect(evicted).toEqual([CUSTOMER, OTHER]);
  expect([side.mayRead("agent", AGENT), side.mayRead("admin", 9), side.mayRead("bot", 9)]).toEqual([true, true, false]);
});

test("who types is told to all but their own sockets", () => {
  const { side, told } = stage();
  side.onControl({ type: "typing", user_id: OTHER, is_typing: true });
  expect([...told.values()].map((frames) => frames.length)).toEqual([1, 0, 1]);
});
