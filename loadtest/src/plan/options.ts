/** Options of `npm run plan`. */
import { OptionReader } from "../command/option-reader.ts";
import type { NightAsked } from "./night-load.ts";
import type { Hardware } from "./sizing.ts";

export const OPTIONS = {
  viewers: { type: "string" },
  rooms: { type: "string" },
  chatters: { type: "string" },
  "messages-per-chatter-per-minute": { type: "string" },
  burst: { type: "string" },
  "message-bytes": { type: "string" },
  v1: { type: "string" },
  hours: { type: "string" },
  "join-minutes": { type: "string" },
  "likes-per-viewer": { type: "string" },
  "sample-above": { type: "string" },
  "comeback-seconds": { type: "string" },
  "gateways-cores": { type: "string" },
  "network-gbit": { type: "string" },
  full: { type: "string" },
  from: { type: "string" },
  check: { type: "string" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

export type Values = Readonly<Partial<Record<keyof typeof OPTIONS, string | boolean>>>;

export const USAGE = `usage: npm run plan -- --viewers <n> [options]
       npm run plan -- --check <report.json> [--from <folder>]

What a night needs: gateways, cores, memory, network, Redis, Postgres, and what gives way first. It is computed from what
runs on this machine measured; what no run measured is said, with the command that measures it.

The night
  --viewers <n>                            all of them at once
  --rooms <n>                              default 1
  --chatters <n or percent>                who writes, such as 500 or 1%; default 1%
  --messages-per-chatter-per-minute <n>    default 2
  --burst <n>                              the draw, in times of the mean rate; default 3
  --message-bytes <n>                      of the text; default 80
  --v1 <share>                             who speaks version 1 of the wire; default 0%
  --hours <n>                              in which people write; default 2
  --join-minutes <n>                       in which everybody comes; default 10
  --likes-per-viewer <n>                   default 0.5
  --sample-above <n>                       LIVE_CHAT_SAMPLE_ABOVE_PER_SECOND; default 0: all are shown
  --comeback-seconds <n>                   in which a lost gateway's sockets come back; default 60

The machines
  --gateways-cores <n>                     cores of a machine that runs gateways, each uses one; default 4
  --network-gbit <n>                       its card; default 10
  --full <share>                           how full a core may be; default 70%

What it rests on
  --from <folder>                          reports of runs, and costs.json of npm run bench; default load-reports
  --check <report.json>                    predicts this run from the others in the folder, and prints the errors
  --json                                   the plan as JSON
`;

export interface Asked {
  /** Undefined with `check` alone. */
  readonly night: NightAsked | undefined;
  readonly hardware: Hardware;
  readonly from: string;
  readonly check: string | undefined;
  readonly isJson: boolean;
}

const MAX_VIEWERS = 1e8;

/** Throws a UsageError that names every wrong option. */
export function parseNight(values: Values): Asked {
  const options = new OptionReader(values);
  const check = options.optional("check");
  if (!options.has("viewers") && check === undefined)
    options.problem("--viewers is missing: how many watch at once, such as --viewers 10000");
  // Where they are missing or wrong, that alone is told: no number of chatters is then too many.
  const viewers = options.int("viewers", MAX_VIEWERS, { min: 1, max: MAX_VIEWERS });
  const night: NightAsked = {
    viewers,
    rooms: options.int("rooms", 1, { min: 1, max: 10_000 }),
    chatters: String(values.chatters ?? "1%").endsWith("%")
      ? viewers * options.share("chatters", 0.01)
      : options.number("chatters", 0, { max: viewers }),
    messagesPerChatterPerMinute: options.number("messages-per-chatter-per-minute", 2, { max: 6_000 }),
    burst: options.number("burst", 3, { min: 1, max: 1_000 }),
    textBytes: options.number("message-bytes", 80, { min: 1, max: 4_000 }),
    v1Share: options.share("v1", 0),
    hours: options.number("hours", 2, { min: 0.01, max: 48 }),
    joinMinutes: options.number("join-minutes", 10, { min: 0.1, max: 600 }),
    likesPerViewer: options.number("likes-per-viewer", 0.5, { max: 1_000 }),
    sampleAbove: options.number("sample-above", 0),
    comebackSeconds: options.number("comeback-seconds", 60, { min: 1, max: 3_600 }),
  };
  const hardware = {
    coresPerMachine: options.int("gateways-cores", 4, { min: 1, max: 1_024 }),
    networkGbit: options.number("network-gbit", 10, { min: 0.01, max: 1_000 }),
    full: options.share("full", 0.7),
  };
  if (hardware.full === 0) options.problem("--full of 0% leaves nothing to use");
  options.finish();
  return {
    night: options.has("viewers") ? night : undefined,
    hardware,
    from: options.optional("from") ?? "load-reports",
    check,
    isJson: values.json === true,
  };
}
