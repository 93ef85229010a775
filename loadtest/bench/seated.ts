/** A contestant with its sockets, ready to be measured: its server, the client's processes, whoever publishes. */
import { endAll } from "@drawchat/local/endings";
import { Fleet } from "../src/generator/fleet.ts";
import type { RunningServer } from "./child-server.ts";
import type { Arena, Contestant } from "./contestants.ts";
import type { Publisher } from "./publishers/publisher.ts";

export interface Seated {
  readonly contestant: Contestant;
  readonly server: RunningServer;
  readonly fleet: Fleet;
  readonly publisher: Publisher;
  readonly session: number;
  /** All that will ever come, and how many are there. */
  readonly planned: number;
  sockets: number;
  /** Messages published so far. */
  published: number;
  stop(): Promise<void>;
}

const CONNECTS_PER_SECOND = 2_500;

let sessions = 0;

export interface SeatPlan {
  arena: Arena;
  contestant: Contestant;
  /** All that will ever come; nobody is connected yet. */
  sockets: number;
}

/** Rejects where one of them cannot be started; those that were are gone again. */
export async function seatAll(plans: readonly SeatPlan[]): Promise<Seated[]> {
  const results = await Promise.allSettled(plans.map(seat));
  const seated = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const failed = results.find((result) => result.status === "rejected");
  if (failed === undefined) return seated;
  await Promise.all(seated.map((one) => one.stop()));
  throw failed.reason;
}

/** What was started ends again where something fails. */
export async function seat({ arena, contestant, sockets }: SeatPlan): Promise<Seated> {
  sessions += 1;
  const session = sessions;
  const cleanups: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    await endAll(cleanups);
  };
  try {
    await arena.store.openRoom(session);
    const server = await contestant.start(arena, session);
    cleanups.push(() => server.stop());
    const tokens = { kind: "secret", secret: arena.secret, issuer: "drawchat", audience: "drawchat", firstUserId: 100_001 } as const;
    const fleet = await Fleet.start({ sockets, tokens, isLocal: true, run: session });
    cleanups.push(() => fleet.finish());
    const publisher = await contestant.publisher(arena, session);
    cleanups.push(() => publisher.stop());
    return { contestant, server, fleet, publisher, session, planned: sockets, sockets: 0, published: 0, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** More sockets; resolves when all are in. Rejects where one is not. */
export async function connect(seated: Seated, count: number): Promise<void> {
  const { fleet, server, contestant, session } = seated;
  await fleet.connect({
    count,
    perSecond: CONNECTS_PER_SECOND,
    roads: [{ host: "127.0.0.1", port: server.port, name: contestant.name }],
    dialects: [contestant.dialect],
    sessions: [session],
  });
  await fleet.settled();
  seated.sockets += count;
  const { joined } = fleet.totals.states;
  if (joined !== seated.sockets) throw new Error(`${contestant.title}: ${joined} of ${seated.sockets} sockets came in`);
}
