/** The scenarios of `npm run load`: their options, what they ask of a chat, and how they run. */
import { randomInt } from "node:crypto";
import type { RunReport } from "../report/run-report.ts";
import { FANOUT_JOINS_PER_SECOND, runFanout, TYPICAL_FANOUT } from "../scenarios/fanout.ts";
import { nightNeeds, runNight } from "../scenarios/night.ts";
import { TYPICAL_NIGHT } from "../scenarios/night-schedule.ts";
import { CHATTERS, runRest, TYPICAL_REST } from "../scenarios/rest.ts";
import { MAX_SOAK_MINUTES, runSoak, soakNeeds } from "../scenarios/soak.ts";
import { TYPICAL_SOAK } from "../scenarios/soak-schedule.ts";
import type { Stage } from "../scenarios/staged-run.ts";
import { runStorm, TYPICAL_STORM } from "../scenarios/storm.ts";
import type { OptionReader } from "./option-reader.ts";
import type { Needs } from "./target-options.ts";

type Run = (stage: Stage) => Promise<RunReport>;

export interface Scenario {
  /** Names of options that take a value. */
  readonly options: readonly string[];
  readonly usage: string;
  /** It may end after any of them: what it has seen until then is proved. */
  readonly hasPeriods?: true;
  /** Wrong options are told by the reader. */
  readonly prepare: (options: OptionReader) => { readonly needs: Needs; readonly run: Run };
}

const MAX_SOCKETS = 200_000;
/** Messages a second. */
const MAX_RATE = 100_000;
const MAX_SEED = 2 ** 32 - 1;

/** Not among the resolved options: a report has it at a place of its own. */
function readSeed(options: OptionReader): number {
  const seed = options.int("seed", randomInt(MAX_SEED), { max: MAX_SEED });
  delete options.resolved.seed;
  return seed;
}

const storm: Scenario = {
  options: ["sockets", "ramp-per-second", "hold-seconds", "after-seconds", "per-second", "bytes", "v1-share", "drop-share", "kill"],
  usage: `storm: everybody comes, is cut off at once, and comes back
  --sockets <n>           default ${TYPICAL_STORM.sockets}
  --ramp-per-second <n>   new sockets a second; default ${TYPICAL_STORM.rampPerSecond}
  --hold-seconds <n>      before the storm; default ${TYPICAL_STORM.holdSeconds}
  --after-seconds <n>     from the storm to the last message; default ${TYPICAL_STORM.afterSeconds}
  --per-second <n>        messages a second all along; default ${TYPICAL_STORM.perSecond}
  --bytes <n>             of each text; default ${TYPICAL_STORM.bytes}
  --v1-share <share>      who speaks version 1, which cannot resume; default ${TYPICAL_STORM.v1Share}
  --drop-share <share>    who is cut off; default ${TYPICAL_STORM.dropShare}
  --kill <process>        instead, kill -9 of a process of the run's own cluster, such as gateway-1

Such as: npm run load -- storm --sockets 2000 --kill gateway-1
`,
  prepare(options) {
    const plan = {
      seed: readSeed(options),
      sockets: options.int("sockets", TYPICAL_STORM.sockets, { min: 1, max: MAX_SOCKETS }),
      rampPerSecond: options.number("ramp-per-second", TYPICAL_STORM.rampPerSecond, { min: 1, max: 10_000 }),
      holdSeconds: options.number("hold-seconds", TYPICAL_STORM.holdSeconds, { min: 0.1, max: 3_600 }),
      afterSeconds: options.number("after-seconds", TYPICAL_STORM.afterSeconds, { min: 0.1, max: 3_600 }),
      perSecond: options.number("per-second", TYPICAL_STORM.perSecond, { min: 0.1, max: 10_000 }),
      bytes: options.int("bytes", TYPICAL_STORM.bytes, { min: 40, max: 480 }),
      v1Share: options.share("v1-share", TYPICAL_STORM.v1Share),
      dropShare: options.share("drop-share", TYPICAL_STORM.dropShare),
      kill: options.text("kill", TYPICAL_STORM.kill),
    };
    const victim = plan.kill === "" ? {} : { victim: plan.kill };
    const needs = { rooms: 1, sockets: plan.sockets, moreUsers: 0, connectsPerSecond: plan.sockets, ...victim };
    return { needs, run: (stage) => runStorm({ ...stage, storm: plan }) };
  },
};

const fanout: Scenario = {
  options: ["sockets", "rates", "seconds-per-rung", "bytes", "v1-share", "max-p99-ms"],
  usage: `fanout: a ladder of message rates until a gateway is full
  --sockets <n>            default ${TYPICAL_FANOUT.sockets}
  --rates <n,n,…>          messages a second; default ${TYPICAL_FANOUT.rates.join(",")}
  --seconds-per-rung <n>   default ${TYPICAL_FANOUT.secondsPerRung}
  --bytes <n>              of each text; default ${TYPICAL_FANOUT.bytes}
  --v1-share <share>       default ${TYPICAL_FANOUT.v1Share}
  --max-p99-ms <n>         a rung above it is the last; default ${TYPICAL_FANOUT.maxP99Ms}

Such as: npm run load -- fanout --sockets 2000 --rates 400,800,1600 --gateways 1 --pin
`,
  prepare(options) {
    const rates = options.text("rates", TYPICAL_FANOUT.rates.join(",")).split(",").map(Number);
    if (rates.some((rate) => !(rate > 0 && rate <= MAX_RATE)))
      options.problem(`--rates are numbers above 0 and up to ${MAX_RATE}, with commas between`);
    const plan = {
      seed: readSeed(options),
      rates,
      sockets: options.int("sockets", TYPICAL_FANOUT.sockets, { min: 1, max: MAX_SOCKETS }),
      secondsPerRung: options.number("seconds-per-rung", TYPICAL_FANOUT.secondsPerRung, { min: 0.5, max: 600 }),
      bytes: options.int("bytes", TYPICAL_FANOUT.bytes, { min: 40, max: 480 }),
      v1Share: options.share("v1-share", TYPICAL_FANOUT.v1Share),
      maxP99Ms: options.number("max-p99-ms", TYPICAL_FANOUT.maxP99Ms, { min: 1, max: 60_000 }),
    };
    const needs = { rooms: 1, sockets: plan.sockets, moreUsers: 0, connectsPerSecond: FANOUT_JOINS_PER_SECOND };
    return { needs, run: (stage) => runFanout({ ...stage, fanout: plan }) };
  },
};

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

Such as: npm run load -- night --viewers 500 --rooms 2 --seconds 60 --seed 7
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
      run: (stage) => runNight({ ...stage, night: plan }),
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

Such as: npm run load -- rest --seconds 5 --connections 100
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
    return { needs, run: (stage) => runRest({ ...stage, rest: plan }) };
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

Such as: npm run load -- soak --minutes 60 --sockets 500 --max-growth 20
Ctrl-C ends it with the period under way, and it writes its report.
`,
  hasPeriods: true,
  prepare(options) {
    const plan = {
      seed: readSeed(options),
      minutes: options.number("minutes", TYPICAL_SOAK.minutes, { min: 0.05, max: MAX_SOAK_MINUTES }),
      sockets: options.int("sockets", TYPICAL_SOAK.sockets, { min: 1, max: MAX_SOCKETS }),
      rooms: options.int("rooms", TYPICAL_SOAK.rooms, { min: 1, max: 64 }),
      v1Share: options.share("v1-share", TYPICAL_SOAK.v1Share),
      perSecond: options.number("per-second", TYPICAL_SOAK.perSecond, { max: MAX_RATE }),
      dropsPerMinute: options.number("drops-per-minute", TYPICAL_SOAK.dropsPerMinute, { max: 1_000_000 }),
      periodSeconds: options.number("period-seconds", TYPICAL_SOAK.periodSeconds, { min: 1, max: 3_600 }),
      maxGrowth: options.number("max-growth", TYPICAL_SOAK.maxGrowth),
    };
    return {
      needs: { ...soakNeeds(plan), moreUsers: 0 },
      run: (stage) => runSoak({ ...stage, soak: plan }),
    };
  },
};

export const SCENARIOS: ReadonlyMap<string, Scenario> = new Map(Object.entries({ storm, fanout, night, rest, soak }));
