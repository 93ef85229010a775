/** The real load balancer with the project's own configuration, in front of servers of a test. */
import { type HaproxyOptions, LocalHaproxy } from "@drawchat/local/haproxy-process";
import { inject } from "vitest";

export type { Backend } from "@drawchat/local/haproxy-process";

/** Takes connections when it resolves; the caller stops it. */
export function startTestHaproxy(options: HaproxyOptions): Promise<LocalHaproxy> {
  return LocalHaproxy.start({ path: inject("haproxyPath"), ...options });
}
