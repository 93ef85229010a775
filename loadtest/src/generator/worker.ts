/** A process of the generator: takes orders from the parent that forked it, reports every 250 ms, ends with it. */
import { nowUs } from "./clock.ts";
import { Crowd } from "./crowd.ts";
import { isOrder, type NumberedOrder, type WorkerMessage } from "./orders.ts";
import { LoadMeter } from "./own-load.ts";

const REPORT_MS = 250;

let crowd: Crowd | undefined;
let worker = 0;
const meter = new LoadMeter();

function tell(message: WorkerMessage): void {
  // A parent that is gone hears nothing; `disconnect` ends this process.
  if (process.connected) process.send?.(message);
}

function report(): void {
  if (crowd === undefined) return;
  tell({ type: "report", worker, atUs: nowUs(), tally: crowd.tally.take(), sends: crowd.sends.take(), load: meter.read() });
}

/** What the order's answer holds besides that it is done. */
async function carryOut(order: NumberedOrder): Promise<Omit<Extract<WorkerMessage, { type: "done" }>, "type" | "order">> {
  if (order.type === "begin") {
    worker = order.plan.worker;
    crowd = new Crowd(order.plan);
    setInterval(report, REPORT_MS).unref();
    return {};
  }
  if (crowd === undefined) throw new Error("the worker was not begun");
  switch (order.type) {
    case "prepare":
      await crowd.prepare(order.count);
      break;
    case "connect":
      await crowd.connect(order.plan, order.startUs);
      break;
    case "send":
      await crowd.send(order.schedule, order.startUs);
      break;
    case "play":
      await crowd.play(order.timeline, order.plan, order.startUs);
      break;
    case "drop":
      crowd.drop(order.share);
      break;
    case "settle":
      await crowd.settled();
      break;
    case "answered":
      await crowd.answered();
      break;
    case "measure":
      meter.restart();
      break;
    case "lagging":
      return { number: crowd.accounts.lagging(order.room, order.upto) };
    case "account":
      crowd.giveUpSaying();
      report();
      return { receipts: crowd.accounts.report() };
    case "renew":
      crowd.renew(order.run);
      break;
    case "finish":
      report();
      crowd.close();
      break;
  }
  // What was counted until now is there before the answer.
  report();
  return {};
}

process.on("message", (message: unknown) => {
  if (!isOrder(message)) return;
  carryOut(message)
    .then((answer) => tell({ type: "done", order: message.order, ...answer }))
    .catch((error: unknown) => {
      tell({ type: "failed", order: message.order, problem: error instanceof Error ? error.message : String(error) });
    })
    .finally(() => {
      if (message.type === "finish") process.disconnect();
    });
});
process.on("disconnect", () => process.exit());
// Ctrl-C in a terminal reaches every process of its group: the parent decides.
process.on("SIGINT", () => undefined);
