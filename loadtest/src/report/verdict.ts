/** What a run proves, in words: the headline of the page and of the terminal. */
import type { Certificate, HopCount } from "../ledger/certificate.ts";
import { count, number } from "./format.ts";
import type { RunReport } from "./run-report.ts";

export interface Verdict {
  readonly kind: "clean" | "not clean" | "void" | "unchecked";
  readonly headline: string;
  /** What the headline rests on, and what it leaves open. */
  readonly sentences: readonly string[];
}

type Fault = "lost" | "doubled" | "disordered";
const FAULTS: readonly Fault[] = ["lost", "doubled", "disordered"];
const FAULT_WORDS = { lost: "lost", doubled: "doubled", disordered: "out of order" } as const;

export function verdictOf({ void: reason, certificate, faults = [] }: Pick<RunReport, "void" | "certificate" | "faults">): Verdict {
  const checked = [
    ...faults.map((fault) => `${capital(fault)}.`),
    ...(certificate === undefined ? ["Nothing was checked by a ledger."] : sentencesOf(certificate)),
  ];
  // What is wrong is told first, also where the generator lagged: a script that looks at the exit status is not to miss it.
  const isVoid = reason !== undefined;
  const sentences = isVoid ? [`${capital(reason)}.`, ...checked] : checked;
  const notClean = isVoid ? "Void, and not clean" : "Not clean";
  if (certificate?.isClean === false) return { kind: "not clean", headline: `${notClean}: ${wrongWith(certificate)}`, sentences };
  if (faults.length > 0) return { kind: "not clean", headline: `${notClean}: ${count(faults.length, "fault")} found`, sentences };
  if (isVoid) return { kind: "void", headline: "Void: this run proves nothing", sentences };
  if (certificate === undefined) return { kind: "unchecked", headline: "Measured, not checked", sentences: checked };
  return { kind: "clean", headline: "Clean: all was delivered once, in order", sentences: checked };
}

function wrongWith(certificate: Certificate): string {
  return faultsOf(hopsOf(certificate)) || `${count(certificate.unreadableFrames ?? 0, "frame")} could not be read`;
}

/** `clean`, `not watched`, or what is wrong with it; `clean, 2 periods not watched`. */
export function hopVerdict(hop: HopCount): string {
  if (!hop.isObserved) return "not watched";
  const gaps = hop.unwatchedPeriods === undefined ? "" : `, ${count(hop.unwatchedPeriods, "period")} not watched`;
  return `${isFaulty(hop) ? faultsOf([hop]) : "clean"}${gaps}`;
}

/** `gateway-1 handed`, `accepted`. */
export function hopName({ hop, where }: Pick<HopCount, "hop" | "where">): string {
  return where === "" ? hop : `${hop}, ${where}`;
}

export function isFaulty({ isObserved, lost, doubled, disordered }: HopCount): boolean {
  return isObserved && lost + doubled + disordered > 0;
}

function sentencesOf(certificate: Certificate): string[] {
  const hops = hopsOf(certificate);
  const watched = hops.filter(({ isObserved }) => isObserved);
  const received = watched.filter(({ hop }) => hop === "received").reduce((sum, { once }) => sum + once, 0);
  const sentences = [
    `The ledger watched ${count(certificate.rooms.length, "room")} at ${count(watched.length, "hop")}; sockets received ${number(received)} deliveries once.`,
  ];
  for (const { room, hops } of certificate.rooms) {
    for (const hop of hops.filter(isFaulty))
      sentences.push(`Room ${room}, ${hopName(hop)}: ${faultsOf([hop])} of ${number(hop.owed)} owed.`);
  }
  const skipped = skippedInWords(watched);
  if (skipped !== "") sentences.push(`Rightly not delivered, by declared rules: ${skipped}.`);
  const unwatched = [...new Set(hops.filter(({ isObserved }) => !isObserved).map(hopName))];
  if (unwatched.length > 0) sentences.push(`Nobody watched: ${unwatched.join("; ")}. Of these nothing is said.`);
  const partly = watched.flatMap((hop) =>
    hop.unwatchedPeriods === undefined ? [] : [`${hopName(hop)} (${number(hop.unwatchedPeriods)})`],
  );
  if (partly.length > 0)
    sentences.push(`Nobody watched in some periods: ${[...new Set(partly)].join("; ")}. What is said of these is of the others.`);
  return sentences;
}

const hopsOf = ({ rooms }: Certificate) => rooms.flatMap(({ hops }) => hops);

function faultsOf(hops: readonly HopCount[]): string {
  const sums = FAULTS.map((fault) => ({ fault, sum: hops.filter(isFaulty).reduce((sum, hop) => sum + hop[fault], 0) }));
  return sums
    .filter(({ sum }) => sum > 0)
    .map(({ fault, sum }) => `${number(sum)} ${FAULT_WORDS[fault]}`)
    .join(", ");
}

/** `rate_limited 12 messages; sampled 40 deliveries`: what a gateway hands on is told as what sockets did not get. */
function skippedInWords(hops: readonly HopCount[]): string {
  const [messages, deliveries] = [
    skippedOf(hops.filter(({ hop }) => hop !== "relayed" && hop !== "handed" && hop !== "received")),
    skippedOf(hops.filter(({ hop }) => hop === "received")),
  ];
  return [messages && `${messages} messages`, deliveries && `${deliveries} deliveries`].filter((part) => part !== "").join("; ");
}

/** `rate_limited 12, sampled 40`; empty where nothing was skipped. */
export function skippedOf(hops: readonly HopCount[]): string {
  const sums = new Map<string, number>();
  for (const { skipped } of hops) for (const [rule, n] of Object.entries(skipped)) sums.set(rule, (sums.get(rule) ?? 0) + n);
  return [...sums]
    .filter(([, n]) => n > 0)
    .map(([rule, n]) => `${rule} ${number(n)}`)
    .join(", ");
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
