/** What the parent asks of a worker, and what that tells it. Messages of `child_process.fork`, with the advanced serialization. */
import type { ReceiptsReport } from "../ledger/receipts-report.ts";
import type { RoomSends } from "../ledger/sends.ts";
import type { DialectName } from "./dialects.ts";
import type { Road } from "./load-connection.ts";
import type { Schedule } from "./schedule.ts";
import type { TallyReport } from "./tally.ts";
import type { Timeline } from "./timeline.ts";
import type { TokenSource } from "./tokens.ts";

/** Which sockets of a run a worker has, and how they come in. */
export interface WorkerPlan {
  readonly worker: number;
  readonly run: number;
  /** Index of its first socket in the run; it has at most `sockets`. */
  readonly first: number;
  readonly sockets: number;
  readonly tokens: TokenSource;
  /** Addresses that its sockets come from, in turn; empty: the system's choice. */
  readonly localAddresses: readonly string[];
}

/** New sockets. Socket i of the order takes dialect, session and first road i of each list, round and round. */
export interface ConnectPlan {
  readonly count: number;
  readonly perSecond: number;
  readonly roads: readonly Road[];
  readonly dialects: readonly DialectName[];
  readonly sessions: readonly number[];
}

/** What a timeline does not say: where its rooms are, and how to get there. */
export interface PlayPlan {
  readonly roads: readonly Road[];
  /** By the rooms of the timeline. */
  readonly sessions: readonly number[];
}

export type Order =
  | { readonly type: "begin"; readonly plan: WorkerPlan }
  /** Tokens for the next `count` sockets. */
  | { readonly type: "prepare"; readonly count: number }
  /** Done when the last was begun. */
  | { readonly type: "connect"; readonly plan: ConnectPlan; readonly startUs: number }
  /** Done when the last was due. */
  | { readonly type: "send"; readonly schedule: Schedule; readonly startUs: number }
  /** Done when the last act was due. */
  | { readonly type: "play"; readonly timeline: Timeline; readonly plan: PlayPlan; readonly startUs: number }
  /** A share of them, 0 to 1, is cut off; they come back. */
  | { readonly type: "drop"; readonly share: number }
  /** Done when every socket that was begun is in, or gone for good. */
  | { readonly type: "settle" }
  /** Done when no message waits for its answer. */
  | { readonly type: "answered" }
  /** The measured time begins: own load is counted from here. */
  | { readonly type: "measure" }
  /** Answered with a number: sockets that have not come to this place. */
  | { readonly type: "lagging"; readonly room: string; readonly upto: number }
  /** No further message; sockets stay. The report of what was received is the answer. */
  | { readonly type: "account" }
  /** The next run begins, with the sockets where they stand. */
  | { readonly type: "renew"; readonly run: number }
  /** Everything is closed and the process ends. */
  | { readonly type: "finish" };

export type NumberedOrder = Order & { readonly order: number };

/** How hard the worker itself had to work. */
export interface OwnLoad {
  /** Share of a core over the last second, and the highest since the measured time began. */
  readonly cpuShare: number;
  readonly maxCpuShare: number;
  /** Over the whole measured time. */
  readonly meanCpuShare: number;
  readonly loopDelayP99Ms: number;
  readonly rssBytes: number;
  /** CPU of the process since its start, in seconds. */
  readonly cpuSeconds: number;
}

/** Every 250 ms. */
export interface WorkerReport {
  readonly type: "report";
  readonly worker: number;
  readonly atUs: number;
  readonly tally: TallyReport;
  readonly sends: readonly RoomSends[];
  readonly load: OwnLoad;
}

export type WorkerMessage =
  | WorkerReport
  | { readonly type: "done"; readonly order: number; readonly number?: number; readonly receipts?: ReceiptsReport }
  | { readonly type: "failed"; readonly order: number; readonly problem: string };

/** Both sides are of one program: what is looked at is that it is a message of it at all. */
export function isOrder(value: unknown): value is NumberedOrder {
  return typeof value === "object" && value !== null && "order" in value && "type" in value;
}

export function isWorkerMessage(value: unknown): value is WorkerMessage {
  return typeof value === "object" && value !== null && "type" in value;
}
