/** What is told of every answer: its time to the metrics, and a line to the log. */
import { type Log, maskUrl } from "@drawchat/runtime/log";

export interface Answered {
  method: string;
  /** As registered, `unrouted` where there is none. */
  route: string;
  url: string;
  status: number;
  ms: number;
}

export type OnAnswer = (route: string, status: number, seconds: number) => void;

export function answerReport(log: Log, onAnswer: OnAnswer): (answered: Answered) => void {
  return ({ method, route, url, status, ms }) => {
    onAnswer(route, status, ms / 1_000);
    // Reads that went well are the bulk: they are in the metrics.
    const level = method === "GET" && status < 400 ? "debug" : "info";
    if (log.isLevelEnabled(level)) log[level]({ method, route, url: maskUrl(url), status, ms: Math.round(ms) }, "request");
  };
}
