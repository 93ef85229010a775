/** A plan for the terminal: what is needed, what it rests on, what gives way first, what to set, what nobody measured. */
import { aligned } from "../report/compare-text.ts";
import { bytes, count, number, percent } from "../report/format.ts";
import type { RunReport } from "../report/run-report.ts";
import type { Checked } from "./check.ts";
import type { Honesty } from "./honesty.ts";
import type { Limit } from "./limits.ts";
import type { MachineCosts } from "./machine-costs.ts";
import { needs } from "./needs.ts";
import { meanMessages, momentLoad, type NightAsked } from "./night-load.ts";
import { DRIVER_WORDS, ROLES } from "./roles.ts";
import { type Hardware, MAX_SOCKETS, type Sizing } from "./sizing.ts";

export interface Plan {
  readonly night: NightAsked;
  readonly hardware: Hardware;
  readonly costs: MachineCosts;
  readonly sizing: Sizing;
  readonly limits: readonly Limit[];
  readonly honesty: Honesty | undefined;
  /** `2 cores, …; 4 runs and costs.json`. */
  readonly basis: string;
  /** How many of them. */
  readonly runs: number;
  /** What would be needed if rooms were sampled at this rate; undefined: it would change nothing. */
  readonly sampled: { readonly rate: number; readonly gateways: number; readonly isAtLeast: boolean } | undefined;
}

/** Which run shows the cost of a thing that no run did. */
const MEASURED_BY: Readonly<Record<string, string>> = {
  joins: "npm run load -- storm",
  sockets: "npm run load -- storm",
  v1Frames: "npm run load -- night",
  rows: "npm run load -- fanout --sockets 100 --rates 50,200,1000",
  batches: "npm run load -- night",
  accepted: "npm run load -- night, with another number of gateways",
  relayed: "npm run load -- fanout, with another number of gateways",
  gateways: "npm run load -- fanout, with another number of gateways",
  idle: "npm run load -- storm",
};
const DEFAULT_RUN = "npm run load -- fanout";
/** More lines a second nobody reads. */
const READABLE_PER_SECOND = 20;

export function planText(plan: Plan): string {
  const unknown = notMeasured(plan);
  const blocks = [
    aligned([
      ["Night", nightWords(plan.night)],
      ["Measured on", plan.basis],
      ["Honesty", honestyWords(plan)],
    ]),
    aligned([["Needed", ""], ...needs(plan)]),
    ["What gives way first", ...aligned(plan.limits.map(limitRow))],
    ["What to set (docs/operations.md)", ...settings(plan).map((line) => `  ${line}`)],
    ["Costs, microseconds of CPU", ...aligned(costRows(plan.costs))],
    ...(unknown.length === 0 ? [] : [["Not measured, and left out", ...unknown.map((line) => `  ${line}`)]]),
    ["Frames are counted without TLS and the headers of TCP: allow a tenth more for them."],
  ];
  return `${blocks.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function nightWords(night: NightAsked): string {
  const { viewers, rooms, chatters, messagesPerChatterPerMinute, textBytes, v1Share, sampleAbove } = night;
  const { accepted, shown } = momentLoad("draw", night, 1);
  return (
    `${count(viewers, "viewer")} in ${count(rooms, "room")} (${percent(v1Share)} speak version 1), ${number(chatters)} write ` +
    `${number(messagesPerChatterPerMinute)} a minute, ${textBytes} bytes each: ${number(meanMessages(night))} messages a second, ${number(accepted)} at the draw` +
    (sampleAbove > 0 ? `, of which ${number(shown)} are shown live` : "")
  );
}

function honestyWords({ honesty, runs: known }: Plan): string {
  if (honesty === undefined && known < 2) return "not known: with two runs or more, each is predicted from the others";
  if (honesty === undefined)
    return `not known: none of the ${known} runs can be predicted from the others (no curves of gateways, too little CPU, or things that no other run did)`;
  const { runs, medianError, worst } = honesty;
  const direction = worst.error > 0 ? "too high" : "too low";
  return `predicts a held-out run within ${percent(medianError)} (median of the figures of ${count(runs, "run")}); worst: ${worst.figure} in ${worst.scenario}, ${percent(Math.abs(worst.error))} ${direction}`;
}

function limitRow({ what, used, givesWayAt, isAtLeast }: Limit): string[] {
  const [atLeast, atMost] = isAtLeast ? ["at least ", " at most"] : ["", ""];
  const when =
    givesWayAt === undefined ? "does not follow the messages" : `gives way at ${number(givesWayAt)} times these messages${atMost}`;
  return [`  ${what}`, `${atLeast}${percent(used)} used`, when];
}

function settings({ sizing, night, sampled }: Plan): string[] {
  const { gateways } = sizing;
  const sockets = gateways === undefined ? undefined : Math.ceil(night.viewers / gateways);
  const atLeast = sizing.atLeast.includes("gateway") ? "at least " : "";
  const shownPerRoom = momentLoad("draw", night, 1).shown / night.rooms;
  return [
    ...(gateways === undefined
      ? []
      : [
          `${atLeast}${count(gateways, "gateway")}, ${number(Math.ceil(gateways / (sizing.machines ?? 1)))} a machine, a port each (#scale)`,
        ]),
    ...(sockets === undefined
      ? []
      : [
          `nofile at least ${number(2 * sockets + 1_000)} a gateway, MAX_CONNECTIONS=${night.viewers} over all balancers (#limits-of-the-system)`,
        ]),
    "net.ipv4.tcp_wmem, tcp_mem, somaxconn, ip_local_port_range as in #limits-of-the-system",
    ...(night.rooms === 1 ? ["one room is one partition: a second Redis shard does nothing for it (#scale)"] : []),
    ...(sampled === undefined
      ? []
      : [
          `LIVE_CHAT_SAMPLE_ABOVE_PER_SECOND=${sampled.rate} would need ${sampled.isAtLeast ? "at least " : ""}${count(sampled.gateways, "gateway")}: nobody reads ${number(shownPerRoom)} lines a second`,
        ]),
    ...(sockets !== undefined && sockets > MAX_SOCKETS * 0.8
      ? ["gateways are near the number of sockets that operations plan for (#sizing)"]
      : []),
  ];
}

export function sampledRate(night: NightAsked): number | undefined {
  return momentLoad("draw", night, 1).shown / night.rooms > READABLE_PER_SECOND ? READABLE_PER_SECOND : undefined;
}

function costRows({ cpu }: MachineCosts): string[][] {
  return ROLES.flatMap((role) =>
    Object.entries(cpu[role] ?? {}).flatMap(([driver, micros]) =>
      typeof micros !== "number"
        ? []
        : [[`  ${role}`, driver === "bytes" ? `${number(micros * 1_000)} a 1,000` : number(micros), DRIVER_WORDS[driver] ?? driver]],
    ),
  );
}

function notMeasured({ costs, night }: Plan): string[] {
  const roles = ROLES.flatMap((role) => {
    const ofRole = costs.cpu[role];
    if (ofRole === undefined) return [`CPU of ${role}: ${role === "writer" || role === "postgres" ? MEASURED_BY.rows : DEFAULT_RUN}`];
    return Object.entries(ofRole).flatMap(([driver, micros]) => {
      if (typeof micros === "number" || (driver === "v1Frames" && night.v1Share === 0)) return [];
      const why = micros === "merged" ? " apart from another thing" : "";
      return [`${role}, ${DRIVER_WORDS[driver] ?? driver}${why}: ${MEASURED_BY[driver] ?? DEFAULT_RUN}`];
    });
  });
  return [
    ...roles,
    ...(costs.eventBytes === undefined ? [`bytes of an event: ${DEFAULT_RUN}`] : []),
    ...(costs.gatewayMemory === undefined ? ["memory of a gateway: npm run load -- storm"] : []),
    ...(costs.gatewayMemory?.baseBytes === 0
      ? ["memory of a gateway without sockets (its sockets alone are counted): npm run load -- storm"]
      : []),
    ...(costs.kernelBytesPerSocket === undefined ? ["the kernel's memory of a socket: npm run load -- storm"] : []),
    ...(costs.welcomeBytes === undefined ? ["bytes of a welcome with its history: npm run load -- storm"] : []),
    ...(costs.rowBytes.messages === undefined || costs.rowBytes.likes === undefined || costs.rowBytes.viewers === undefined
      ? ["bytes of rows, of each table: npm run load -- night (1,000 messages, likes and viewers at least)"]
      : []),
    ...(costs.pageMicros === undefined ? ["CPU of the api: npm run load -- rest"] : []),
    ...(costs.redisBytesPerMessage === undefined ? ["memory of Redis a message: npm run load -- night"] : []),
  ];
}

export function checkText(file: string, { void: reason }: Pick<RunReport, "void">, checked: readonly Checked[]): string {
  const isVoid = reason === undefined ? "" : `${file} is void, what was measured and the errors prove nothing: ${reason}\n`;
  if (checked.length === 0)
    return `${isVoid}${file}: nothing to compare. It needs curves of a gateway, and other runs of this machine beside it.\n`;
  const rows = checked.map(({ figure, unit, predicted, measured, error }) => {
    const told = (value: number) => (unit === "bytes" ? bytes(value) : `${number(value)} s`);
    return [`  ${figure}`, told(predicted), told(measured), signed(error)];
  });
  return `${isVoid}${file}, predicted from the other runs\n${aligned([["", "predicted", "measured", "error"], ...rows]).join("\n")}\n`;
}

function signed(error: number): string {
  const told = percent(Math.abs(error));
  return told === "0 %" ? told : `${error > 0 ? "+" : "−"}${told}`;
}
