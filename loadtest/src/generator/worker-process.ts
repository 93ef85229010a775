/** The parent's side of one worker: orders that are answered, reports that come by themselves. */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { ReceiptsReport } from "../ledger/receipts-report.ts";
import { isWorkerMessage, type Order, type WorkerReport } from "./orders.ts";

export interface Answer {
  readonly number: number | undefined;
  readonly receipts: ReceiptsReport | undefined;
}

const WORKER = fileURLToPath(new URL("worker.ts", import.meta.url));
const END_TIMEOUT_MS = 10_000;

export class WorkerProcess {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, PromiseWithResolvers<Answer>>();
  readonly #ended: Promise<void>;
  #orders = 0;
  #hasEnded = false;

  /** It ends when this process ends. */
  constructor(onReport: (report: WorkerReport) => void) {
    this.#child = fork(WORKER, { serialization: "advanced", execArgv: [], env: {} });
    if (this.#child.pid === undefined) throw new Error("a process of the generator could not be started");
    this.pid = this.#child.pid;
    this.#child.on("message", (message: unknown) => {
      if (!isWorkerMessage(message)) return;
      if (message.type === "report") return onReport(message);
      const waiting = this.#waiting.get(message.order);
      this.#waiting.delete(message.order);
      if (message.type === "failed") waiting?.reject(new Error(message.problem));
      else waiting?.resolve({ number: message.number, receipts: message.receipts });
    });
    this.#ended = new Promise((resolve) => {
      this.#child.once("exit", (code, signal) => {
        this.#hasEnded = true;
        for (const { reject } of this.#waiting.values()) reject(new Error(`a process of the generator ended with ${signal ?? code}`));
        this.#waiting.clear();
        resolve();
      });
    });
  }

  /** Resolves when it is done; rejects where it cannot be, or the worker ended. */
  ask(order: Order): Promise<Answer> {
    if (this.#hasEnded) return Promise.reject(new Error("a process of the generator has ended"));
    this.#orders += 1;
    const answer = Promise.withResolvers<Answer>();
    this.#waiting.set(this.#orders, answer);
    this.#child.send({ ...order, order: this.#orders });
    return answer.promise;
  }

  /** Asks it to close everything, then makes it. */
  async stop(): Promise<void> {
    const deadline = setTimeout(() => this.#child.kill("SIGKILL"), END_TIMEOUT_MS);
    if (!this.#hasEnded) await this.ask({ type: "finish" }).catch(() => undefined);
    await this.#ended;
    clearTimeout(deadline);
  }
}
