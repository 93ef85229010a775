/** The certificate for a terminal: a verdict, a table a room, the first findings. */
import type { Certificate, Finding, HopCount } from "./certificate.ts";

const COLUMNS = ["hop", "owed", "once", "skipped", "lost", "doubled", "disordered"] as const;
const SHOWN_FINDINGS = 10;

export function certificateText(certificate: Certificate): string {
  const { isClean, rooms, findings, moreFindings, unreadableFrames = 0 } = certificate;
  const lines = [`Ledger: ${isClean ? "clean" : "NOT CLEAN"}`];
  if (unreadableFrames > 0) lines.push(`${count(unreadableFrames)} frames could not be read`);
  for (const { room, hops } of rooms) lines.push("", `room ${room}`, ...table(hops));
  if (findings.length > 0) lines.push("", ...findings.slice(0, SHOWN_FINDINGS).map(findingText));
  const more = moreFindings + Math.max(0, findings.length - SHOWN_FINDINGS);
  if (more > 0) lines.push(`and ${count(more)} more`);
  return `${lines.join("\n")}\n`;
}

function table(hops: readonly HopCount[]): string[] {
  const rows = [[...COLUMNS], ...hops.map(cells)];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  // The first column is a name, the others are numbers.
  return rows.map((row) => `  ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  ")}`);
}

function cells({ hop, where, isObserved, unwatchedPeriods = 0, owed, once, skipped, lost, doubled, disordered }: HopCount): string[] {
  const name = where === "" ? hop : `${hop} ${where}`;
  if (!isObserved) return [name, "not watched", "", "", "", "", ""];
  const rules = Object.entries(skipped).map(([rule, times]) => `${count(times)} ${rule}`);
  const gaps = unwatchedPeriods > 0 ? `, ${count(unwatchedPeriods)} period${unwatchedPeriods > 1 ? "s" : ""} not watched` : "";
  return [`${name}${gaps}`, count(owed), count(once), rules.join(", ") || "0", count(lost), count(doubled), count(disordered)];
}

function findingText({ room, hop, where, kind, id, clientId, times = 1 }: Finding): string {
  const place = where === "" ? hop : `${hop} ${where}`;
  return `${room}: ${kind} at ${place}: ${id === 0 ? "" : `id ${id}, `}client_id ${clientId}${times > 1 ? `, ${count(times)} times` : ""}`;
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}
