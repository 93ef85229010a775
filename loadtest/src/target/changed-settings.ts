/** Limits that a run lifts, and settings it changes: one list, given to the processes and told in the report. */
import type { ChangedSetting } from "../report/run-report.ts";

/** The product's own limit a gateway; a run that asks for more must lift it. */
const HANDSHAKES_PER_SECOND = 2_000;
/** A balancer does not share out evenly to the last one. */
const HEADROOM = 0.5;

export interface LoadWanted {
  /** New sockets a second, over all gateways. */
  connectsPerSecond: number;
  gateways: number;
  /** Events that a gateway remembers a room and side for the ledger; 0: no ledger. */
  trailEvents: number;
  /** Messages of a session shown live in a second; 0 (default): all of them. */
  sampleAbove?: number;
}

/** What every run on a cluster of its own changes. Names of environment variables. */
export function changedSettings({ connectsPerSecond, gateways, trailEvents, sampleAbove = 0 }: LoadWanted): ChangedSetting[] {
  const perGateway = Math.ceil(connectsPerSecond / gateways);
  return [
    {
      name: "LIVE_CHAT_MAX_MESSAGES_PER_USER_PER_MINUTE",
      value: "0",
      why: "few sockets stand for many writers: each says more than a person may",
    },
    ...(trailEvents === 0
      ? []
      : [{ name: "GATEWAY_TRAIL_EVENTS", value: String(trailEvents), why: "gateways remember what went through them, for the ledger" }]),
    ...(sampleAbove === 0
      ? []
      : [{ name: "LIVE_CHAT_SAMPLE_ABOVE_PER_SECOND", value: String(sampleAbove), why: "asked for with --sample-above" }]),
    ...(perGateway <= HANDSHAKES_PER_SECOND * HEADROOM
      ? []
      : [
          {
            name: "GATEWAY_HANDSHAKES_PER_SECOND",
            value: String(perGateway * 4),
            why: `the ramp asks for ${perGateway} a second and gateway (limit ${HANDSHAKES_PER_SECOND})`,
          },
        ]),
  ];
}

/** As environment variables. */
export function settingsEnv(settings: readonly ChangedSetting[]): Record<string, string> {
  return Object.fromEntries(settings.map(({ name, value }) => [name, value]));
}
