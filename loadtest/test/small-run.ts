/** A run of four sockets on two gateways in both versions, all of whom say something, with its ledger. */
import { type RoomName, roomNumber, sessionRoom } from "@drawchat/protocol/ids";
import { createLog } from "@drawchat/runtime/log";
import type { Cluster } from "@drawchat/testkit/cluster";
import type { Certificate } from "../src/ledger/certificate.ts";
import { Ledger } from "../src/ledger/ledger.ts";
import { Receipts } from "../src/ledger/receipts.ts";
import { Sends } from "../src/ledger/sends.ts";
import { ChatSocket, type SayOptions } from "./chat-socket.ts";
import { FrameProxy, type Meddling } from "./frame-proxy.ts";

/** Socket 0 and 1 are of version 2 and 1 on gateway-1, 2 and 3 on gateway-2. */
export const SEATS = [
  { gateway: "gateway-1", version: 2 },
  { gateway: "gateway-1", version: 1 },
  { gateway: "gateway-2", version: 2 },
  { gateway: "gateway-2", version: 1 },
] as const;

let runs = 0;

/** By the socket that it is done to. */
type MeddlingBySocket = Readonly<Partial<Record<number, Meddling>>>;

export class SmallRun {
  readonly run: number;
  readonly room: RoomName;
  readonly sockets: ChatSocket[] = [];
  readonly receipts: Receipts;
  readonly sends = new Sends();
  readonly ledger: Ledger;
  readonly #cluster: Cluster;
  readonly #proxies: FrameProxy[] = [];
  readonly #said: number[] = [];

  private constructor(cluster: Cluster, run: number, { room, ledger }: { room: RoomName; ledger: Ledger }) {
    this.#cluster = cluster;
    this.run = run;
    this.room = room;
    this.ledger = ledger;
    this.receipts = new Receipts({ run, sockets: 8 });
  }

  static async start(cluster: Cluster, meddling: MeddlingBySocket = {}): Promise<SmallRun> {
    const [run] = await SmallRun.startTogether(cluster, [meddling]);
    if (run === undefined) throw new Error("one run");
    return run;
  }

  /** A room each, in one run with one ledger. */
  static async startTogether(cluster: Cluster, meddlings: readonly MeddlingBySocket[]): Promise<SmallRun[]> {
    runs += 1;
    const run = runs;
    const rooms: RoomName[] = [];
    for (const _ of meddlings) rooms.push(sessionRoom((await cluster.session()).id));
    const ledger = await Ledger.start({
      run,
      rooms,
      log: createLog("ledger", "silent"),
      redisUrl: cluster.redis.url,
      databaseUrl: cluster.database.url,
      gateways: (["gateway-1", "gateway-2"] as const).map((name) => ({ name, privateUrl: cluster.privateUrl(name) })),
    });
    const started = rooms.map((room) => new SmallRun(cluster, run, { room, ledger }));
    for (const [i, one] of started.entries()) {
      for (const [socket, seat] of SEATS.entries()) one.sockets.push(await one.join(socket, seat, { meddling: meddlings[i]?.[socket] }));
    }
    return started;
  }

  async join(
    socket: number,
    seat: (typeof SEATS)[number],
    { meddling, since }: { meddling?: Meddling | undefined; since?: { epoch: string; id: number } | undefined } = {},
  ): Promise<ChatSocket> {
    let port = Number(new URL(this.#cluster.url(seat.gateway)).port);
    if (meddling !== undefined) {
      const proxy = await FrameProxy.start(port, meddling);
      this.#proxies.push(proxy);
      port = proxy.port;
    }
    const { run, receipts, sends, room } = this;
    const sessionId = roomNumber(room);
    const token = await this.#cluster.token({ userId: 1_000 + run * 10 + socket });
    return await ChatSocket.join({ run, socket, where: { room, ...seat }, port, sessionId, token, receipts, sends, since });
  }

  /** The next message of each of these sockets, one after the other, each answered. */
  async say(sockets: readonly number[] = [0, 1, 2, 3], options: SayOptions = {}): Promise<void> {
    for (const socket of sockets) {
      const n = this.#said[socket] ?? 0;
      this.#said[socket] = n + 1;
      await this.sockets[socket]?.say(n, options);
    }
  }

  async settle(withinMs?: number): Promise<boolean> {
    this.ledger.addSends(this.sends.take());
    const lagging = async (room: RoomName, upto: number) => this.receipts.lagging(room, upto);
    return await this.ledger.settle(lagging, withinMs);
  }

  async finish(): Promise<Certificate> {
    return await SmallRun.finishTogether([this]);
  }

  /** Everything closed. */
  static async finishTogether(runs: readonly SmallRun[]): Promise<Certificate> {
    const [first] = runs;
    if (first === undefined) throw new Error("at least one run");
    for (const run of runs) first.ledger.addSends(run.sends.take());
    const certificate = await first.ledger.finish(runs.map((run) => run.receipts.report()));
    for (const run of runs) await run.#close();
    return certificate;
  }

  async #close(): Promise<void> {
    for (const socket of this.sockets) socket.drop();
    await Promise.all(this.#proxies.map((proxy) => proxy.stop()));
  }
}
