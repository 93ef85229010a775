import { createTokenVerifier } from "@drawchat/auth/token";
import { MAX_ROOMS_PER_SOCKET } from "@drawchat/protocol/conversations";
import { Subscriber } from "@drawchat/redis/subscriber";
import { createLog } from "@drawchat/runtime/log";
import { RateLimiterMemory } from "rate-limiter-flexible";
import { expect, test } from "vitest";
import { nowhere, roomDeps } from "../test/listened-room.ts";
import { looseConnection } from "../test/loose-connection.ts";
import { createConversationCommands } from "./conversation-commands.ts";
import { InboxFeed } from "./inbox-feed.ts";
import { LiveRoom } from "./live-room.ts";
import { Presence } from "./presence.ts";
import { Rooms } from "./rooms.ts";
import { Seat } from "./seat.ts";

const log = createLog("test", "silent");
const subscriber = new Subscriber("redis://127.0.0.1:1", "test", log);
const deps = roomDeps(nowhere, () => undefined);
const key = { kind: "secret", secret: new Uint8Array(32) } as const;
const handle = createConversationCommands({
  ...deps,
  rooms: new Rooms({ ...deps, subscriber, gatewayId: "g1", audienceMs: 5_000 }),
  verifier: createTokenVerifier({ key, issuer: "drawchat", audience: "drawchat", maxAgeSeconds: 60 }),
  presence: new Presence({ redis: nowhere, subscriber, gatewayId: "g1", clock: deps.clock, log, onPresence: () => undefined }),
  inbox: new InboxFeed({ subscriber, log }),
  resumes: new RateLimiterMemory({ points: 3, duration: 10 }),
  messagesPerMinute: 120,
  onBadFrame: () => undefined,
});

test("a socket is in two hundred rooms at most, and may leave one for another", async () => {
  const said: unknown[] = [];
  const connection = looseConnection({ wire: { send: (message) => said.push(JSON.parse(message.toString())) } });
  connection.identity = { userId: 7, username: "ann", profilePic: null, roles: [], isHost: false, issuedAtMs: 0, expiresAtMs: 0 };
  connection.profile = { username: "ann", profile_pic: null, role: "agent", is_active: true };
  connection.isGreeted = true;
  connection.seats = Array.from({ length: MAX_ROOMS_PER_SOCKET }, (_, n) => new Seat(connection, new LiveRoom(`c${n + 1}`, deps), 7));
  const ask = (frame: object) => handle(connection, Buffer.from(JSON.stringify(frame)));
  await ask({ type: "join", room: "c999" });
  await ask({ type: "leave", room: "c3" });
  await ask({ type: "join", room: "c999" });
  expect(said).toEqual([
    expect.objectContaining({ type: "error", code: "too_many_rooms", room: "c999" }),
    { type: "left", room: "c3", reason: "asked" },
    expect.objectContaining({ type: "error", code: "unavailable", room: "c999" }), // Redis is away here
  ]);
});
