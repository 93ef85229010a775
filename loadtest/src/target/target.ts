/** What a run is aimed at: a cluster of its own on this machine, or one that is there. */
import type { Road } from "../generator/load-connection.ts";
import type { TokenSource } from "../generator/tokens.ts";
import type { WatchedGateway } from "../ledger/taps/trail-tap.ts";
import type { ProcessToWatch } from "../report/collector.ts";
import type { ChangedSetting, RunReport } from "../report/run-report.ts";
import type { SlotMoves } from "./slot-mover.ts";

export interface Target {
  /** As the report has it. */
  readonly about: RunReport["target"];
  /** Where clients come in: the balancer, or every gateway where there is none. */
  readonly roads: readonly Road[];
  /** Of the api: `http://…`. */
  readonly apiUrl: string;
  /** Live sessions that are open; their rooms are `s<id>`. */
  readonly sessions: readonly number[];
  readonly tokens: TokenSource;
  /** Servers on this machine: sockets may come from many loopback addresses. */
  readonly isLocal: boolean;
  /** For the ledger and the curves; absent where the run cannot reach them. */
  readonly redisUrl?: string | undefined;
  readonly databaseUrl?: string | undefined;
  readonly gateways: readonly WatchedGateway[];
  readonly processes: readonly ProcessToWatch[];
  readonly changedSettings: readonly ChangedSetting[];
  /** Such as `7.0.15`; empty where it is not known. */
  readonly versions: { readonly redis: string; readonly postgres: string };
  /** So far; only a Redis Cluster of one's own whose slots move has it. */
  readonly slotMoves?: (() => SlotMoves) | undefined;
  /** SIGKILL for one process (`gateway-1`), as a crash; resolves when it is gone. Only a cluster of one's own has it. */
  readonly kill?: ((name: string) => Promise<void>) | undefined;
  stop(): Promise<void>;
}
