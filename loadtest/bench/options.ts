/** The command line of `npm run bench`. */
import { parseOptions, UsageError } from "../src/command/option-reader.ts";
import { CONTESTANTS } from "./contestants.ts";

const CHAPTERS = ["fan-out", "memory", "sizes"] as const;
export type Chapter = (typeof CHAPTERS)[number];

export interface BenchOptions {
  readonly turns: number;
  /** Of one turn. */
  readonly seconds: number;
  /** Length of a message's text; the event around it is 220 bytes longer. */
  readonly textBytes: number;
  readonly contestants: readonly string[];
  readonly chapters: readonly Chapter[];
  /** Sockets of each contestant in the fan-out. */
  readonly sockets: number;
  /** Messages a second at which drawchat v2 and its floor are compared. */
  readonly rates: readonly number[];
  /** The same of v1 and its floor. */
  readonly rateV1: number;
  /** Idle memory is what sockets from the first to the second number add. */
  readonly memorySockets: readonly [number, number];
  readonly sizes: readonly number[];
  /** Peers are measured at this rate; undefined: at the highest that each holds. */
  readonly ratePeers: number | undefined;
  /** Proves nothing: no goal is judged. */
  readonly isQuick: boolean;
  readonly out: string;
}

export const USAGE = `npm run bench -- [options]
  --turns 5            turns of each contestant
  --seconds 3          measured time of a turn
  --only v2,floor,…    of ${CONTESTANTS.map(({ name }) => name).join(", ")}
  --chapters …         of ${CHAPTERS.join(", ")}
  --sockets 2000       of each contestant in the fan-out
  --text-bytes 20      length of a message's text
  --quick              a look whether everything works: few sockets, one short turn, nothing that proves anything
  --out load-reports   folder of the report
  CENTRIFUGO_BIN       Centrifugo's program, to have it take part`;

const OPTIONS = {
  turns: { type: "string" },
  seconds: { type: "string" },
  sockets: { type: "string" },
  "text-bytes": { type: "string" },
  only: { type: "string" },
  chapters: { type: "string" },
  quick: { type: "boolean", default: false },
  out: { type: "string", default: "load-reports" },
} as const;

const DEFAULTS = {
  turns: 5,
  seconds: 3,
  // The mark of a message needs them all.
  textBytes: 20,
  sockets: 2_000,
  rates: [400, 2_000, 4_000, 8_000],
  rateV1: 50,
  memorySockets: [2_000, 10_000],
  sizes: [500, 2_000, 8_000, 16_000],
  ratePeers: undefined,
} as const;

const QUICK = {
  ...DEFAULTS,
  turns: 1,
  seconds: 0.2,
  sockets: 20,
  rates: [50],
  ratePeers: 50,
  memorySockets: [10, 20],
  sizes: [5, 10],
} as const;

/** Throws a UsageError that says what is wrong. */
export function readOptions(args: readonly string[], hasCentrifugo: boolean): BenchOptions {
  const values = parseOptions(args, OPTIONS);
  if (values.only === "centrifugo" && !hasCentrifugo)
    throw new UsageError(["--only: centrifugo needs CENTRIFUGO_BIN, the path of its program"]);
  const base = values.quick ? QUICK : DEFAULTS;
  const sockets = wholeNumber("--sockets", values.sockets, base.sockets);
  if (sockets > 15_000) throw new UsageError(["--sockets: at most 15,000, a process may not have more files than 20,000"]);
  return {
    ...base,
    turns: wholeNumber("--turns", values.turns, base.turns),
    seconds: values.seconds === undefined ? base.seconds : wholeNumber("--seconds", values.seconds, base.seconds),
    textBytes: wholeNumber("--text-bytes", values["text-bytes"], base.textBytes),
    sockets,
    contestants: chosen(
      "--only",
      values.only,
      CONTESTANTS.map(({ name }) => name),
    ).filter((name) => name !== "centrifugo" || hasCentrifugo),
    chapters: chosen("--chapters", values.chapters, values.quick ? ["fan-out"] : CHAPTERS),
    isQuick: values.quick,
    out: values.out,
  };
}

function wholeNumber(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  if (!/^[1-9][0-9]{0,5}$/.test(text)) throw new UsageError([`${name}: a whole number from 1 to 999999, not ${text}`]);
  return Number(text);
}

function chosen<T extends string>(name: string, text: string | undefined, all: readonly T[]): readonly T[] {
  if (text === undefined) return all;
  const names = text.split(",");
  const unknown = names.filter((one) => !all.some((known) => known === one));
  if (unknown.length > 0) throw new UsageError([`${name}: ${unknown.join(", ")} is none of ${all.join(", ")}`]);
  return all.filter((known) => names.includes(known));
}
