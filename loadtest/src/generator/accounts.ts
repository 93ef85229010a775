/** Who keeps account of what the sockets of a worker receive: the ledger for drawchat's frames, marks for other servers'. */

import { Receipts } from "../ledger/receipts.ts";
import type { ReceiptsReport } from "../ledger/receipts-report.ts";
import type { Delivery } from "../ledger/received-frame.ts";
import type { Dialect } from "./dialect.ts";
import { MarkReader } from "./mark-reader.ts";

export interface Place {
  readonly room: string;
  readonly gateway: string;
  readonly dialect: Dialect;
}

export class Accounts {
  readonly #receipts: Receipts;
  readonly #marks: MarkReader;

  /** `sockets`: they are numbered below this. */
  constructor(run: number, sockets: number) {
    this.#receipts = new Receipts({ run, sockets });
    this.#marks = new MarkReader(run);
  }

  /** `since`: where the socket resumes. */
  begin(socket: number, { room, gateway, dialect }: Place, since: number | undefined): void {
    if (dialect.account === "ledger") this.#receipts.begin(socket, { room, gateway, version: dialect.version }, since);
  }

  onFrame(socket: number, { account }: Dialect, frame: Buffer): Delivery {
    return account === "ledger" ? this.#receipts.onFrame(socket, frame) : this.#marks.read(frame);
  }

  end(socket: number, { account }: Dialect): void {
    if (account === "ledger") this.#receipts.end(socket);
  }

  /** Where a socket stands, or stood when it left; only the ledger knows. */
  position(socket: number): number | undefined {
    return this.#receipts.position(socket);
  }

  /** The id of a message of the run; undefined where no socket of the worker has seen it of late. */
  idOf(room: string, sender: number, n: number): number | undefined {
    return this.#receipts.idOf(room, sender, n);
  }

  lagging(room: string, upto: number): number {
    return this.#receipts.lagging(room, upto);
  }

  report(): ReceiptsReport {
    return this.#receipts.report();
  }
}
