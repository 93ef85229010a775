/** The scenarios of `npm run load`: their options, what they ask of a chat, and how they run. */
import { randomInt } from "node:crypto";
import type { RunReport } from "../report/run-report.ts";
import { nightNeeds, runNight } from "../scenarios/night.ts";
import { TYPICAL_NIGHT } from "../scenarios/night-schedule.ts";
import { CHATTERS, runRest, TYPICAL_REST } from "../scenarios/rest.ts";
import { MAX_SOAK_MINUTES, runSoak, soakNeeds } from "../scenarios/soak.ts";
import { TYPICAL_SOAK } from "../scenarios/soak-schedule.ts";
import type { Target } from "../target/target.ts";
import type { OptionReader } from "./option-reader.ts";
import type { Needs } from "./target-options.ts";

type Run = (target: Target, onProgress: (what: string) => void) => Promise<RunReport>;

export interface Scenario {
  /** Names of options that take a value. */
  readonly options: readonly string[];
  readonly usage: string;
  /** Wrong options are told by the reader. */
  readonly prepare: (options: OptionReader) => { readonly needs: Needs; readonly run: Run };
}

const MAX_SOCKETS = 200_000;
const MAX_SEED = 2 ** 32 - 1;

/** Not among the resolved options: a report has it at a place of its own. */
function readSeed(options: OptionReader): number {
  const seed = options.int("seed", randomInt(MAX_SEED), { max: MAX_SEED });
  delete options.resolved.seed;
  return seed;
}

const night: Scenario = {
  options: [
    "viewers",
    "rooms",
    "seconds",
    "v1-share",
    "chatter-share",
    "messages-per-chatter",
    "burst-share",
    "session-like-share",
    "message-likes-per-viewer",
    "drop-share",
  ],
  usage: `night: a draw night from the first viewer to the last
  --viewers <n>                    default 1000
  --rooms <n>                      default 1
  --seconds <n>                    the whole of it; default 120
  --v1-share <share>               who speaks version 1; default ${TYPICAL_NIGHT.v1Share}
  --chatter-share <share>          who chats; default ${TYPICAL_NIGHT.chatterShare}
  --messages-per-chatter <n>       on average; default ${TYPICAL_NIGHT.messagesPerChatter}
  --burst-share <share>            who writes at the draw; default ${TYPICAL_NIGHT.burstShare}
  --session-like-share <share>     default ${TYPICAL_NIGHT.sessionLikeShare}
  --message-likes-per-viewer <n>   on average; default ${TYPICAL_NIGHT.messageLikesPerViewer}
  --drop-share <share>             who loses the network once; default ${TYPICAL_NIGHT.dropShare}
`,
  prepare(options) {
    const plan = {
      seed: readSeed(options),
      viewers: options.int("viewers", 1_000, { min: 1, max: MAX_SOCKETS }),
      rooms: options.int("rooms", 1, { min: 1, max: 64 }),
      seconds: options.number("seconds", 120, { min: 1, max: 36_000 }),
      v1Share: options.share("v1-share", TYPICAL_NIGHT.v1Share),
      chatterShare: options.share("chatter-share", TYPICAL_NIGHT.chatterShare),
      messagesPerChatter: options.number("messages-per-chatter", TYPICAL_NIGHT.messagesPerChatter, { max: 10_000 }),
      burstShare: options.share("burst-share", TYPICAL_NIGHT.burstShare),
      sessionLikeShare: options.share("session-like-share", TYPICAL_NIGHT.sessionLikeShare),
      messageLikesPerViewer: options.number("message-likes-per-viewer", TYPICAL_NIGHT.messageLikesPerViewer, { max: 1_000 }),
      dropShare: options.share("drop-share", TYPICAL_NIGHT.dropShare),
    };
    return {
      needs: { ...nightNeeds(plan), moreUsers: plan.rooms },
      run: (target, onProgress) => runNight({ target, night: plan, onProgress }),
    };
  },
};

const rest: Scenario = {
  options: ["seconds", "connections", "users", "per-second"],
  usage: `rest: the REST calls under fire
  --seconds <n>       of each read; default ${TYPICAL_REST.seconds}
  --connections <n>   default ${TYPICAL_REST.connections}
  --users <n>         each likes once; default ${TYPICAL_REST.users}
  --per-second <n>    requests of each call; default 0, as many as are answered
`,
  prepare(options) {
    const plan = {
      seed: readSeed(options),
      seconds: options.number("seconds", TYPICAL_REST.seconds, { min: 0.1, max: 3_600 }),
      connections: options.int("connections", TYPICAL_REST.connections, { min: 1, max: 10_000 }),
      users: options.int("users", TYPICAL_REST.users, { min: 1, max: 1_000_000 }),
      perSecond: options.int("per-second", TYPICAL_REST.perSecond, { max: 1_000_000 }),
    };
    const needs = { rooms: 1, sockets: CHATTERS, moreUsers: plan.users, connectsPerSecond: CHATTERS };
    return { needs, run: (target, onProgress) => runRest({ target, rest: plan, onProgress }) };
  },
};

const soak: Scenario = {
  options: ["minutes", "sockets", "rooms", "v1-share", "per-second", "drops-per-minute", "period-seconds", "max-growth"],
  usage: `soak: a steady evening
  --minutes <n>            default ${TYPICAL_SOAK.minutes}, at most ${MAX_SOAK_MINUTES}
  --sockets <n>            default ${TYPICAL_SOAK.sockets}
  --rooms <n>              default ${TYPICAL_SOAK.rooms}
  --v1-share <share>       default ${TYPICAL_SOAK.v1Share}
  --per-second <n>         messages, over all rooms; default ${TYPICAL_SOAK.perSecond}
  --drops-per-minute <n>   sockets that lose their network; default ${TYPICAL_SOAK.dropsPerMinute}
  --period-seconds <n>     each ends with a certificate; default ${TYPICAL_SOAK.periodSeconds}
  --max-growth <MB>        an hour; a process that grows faster makes the run fail; default 0: told, not judged
`,
  prepare(options) {
    const plan = {
      seed: readSeed(options),
      minutes: options.number("minutes", TYPICAL_SOAK.minutes, { min: 0.05, max: MAX_SOAK_MINUTES }),
      sockets: options.int("sockets", TYPICAL_SOAK.sockets, { min: 1, max: MAX_SOCKETS }),
      rooms: options.int("rooms", TYPICAL_SOAK.rooms, { min: 1, max: 64 }),
      v1Share: options.share("v1-share", TYPICAL_SOAK.v1Share),
      perSecond: options.number("per-second", TYPICAL_SOAK.perSecond, { max: 100_000 }),
      dropsPerMinute: options.number("drops-per-minute", TYPICAL_SOAK.dropsPerMinute, { max: 1_000_000 }),
      periodSeconds: options.number("period-seconds", TYPICAL_SOAK.periodSeconds, { min: 1, max: 3_600 }),
      maxGrowth: options.number("max-growth", TYPICAL_SOAK.maxGrowth),
    };
    return {
      needs: { ...soakNeeds(plan), moreUsers: 0 },
      run: (target, onProgress) => runSoak({ target, soak: plan, onProgress }),
    };
  },
};

export const SCENARIOS: ReadonlyMap<string, Scenario> = new Map(Object.entries({ night, rest, soak }));
