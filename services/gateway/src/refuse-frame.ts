/** Answers to frames that cannot be handled as they are. */
import type { Refusal } from "@drawchat/protocol/parse-frame";
import type { Connection } from "./connection.ts";
import type { GatewayMetrics } from "./metrics.ts";

export interface RefuseDeps {
  metrics: GatewayMetrics;
  /** Counts a frame of bad form; ends the socket when there were too many. */
  onBadFrame: (connection: Connection) => void;
}

/** Says what is wrong. Bad form is counted; a text that is too long, say, is only a person's mistake. */
export function refuseFrame(
  { metrics, onBadFrame }: RefuseDeps,
  connection: Connection,
  { code, ...about }: Omit<Refusal, "ok">,
): undefined {
  metrics.refused.inc({ code });
  connection.sendError(code, about);
  if (code.startsWith("bad_")) onBadFrame(connection);
  return undefined;
}
