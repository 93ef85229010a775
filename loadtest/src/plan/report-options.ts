/** Options of a run that a plan needs: each scenario has its own. */
import type { RunReport } from "../report/run-report.ts";

/** The first of the names that the report has as a number; `messageBytes` finds `message-bytes` too. */
export function optionOf({ options }: Pick<RunReport, "options">, ...names: readonly string[]): number | undefined {
  const plain = (name: string) => name.replaceAll("-", "").toLowerCase();
  const byName = new Map(Object.entries(options).map(([name, value]) => [plain(name), Number(value)]));
  return names.map((name) => byName.get(plain(name))).find((value) => value !== undefined && Number.isFinite(value));
}

/** Of the text of a message, where all of a run's are of one length. */
export function textBytesOf(report: Pick<RunReport, "options">): number | undefined {
  return optionOf(report, "messageBytes", "textBytes", "bytes");
}

export function roomsOf(report: Pick<RunReport, "options">): number {
  return Math.max(1, optionOf(report, "rooms", "sessions") ?? 1);
}
