/** The certificate as tables: a room each, a hop a row. */
import type { Certificate, HopCount } from "../ledger/certificate.ts";
import { count, number } from "./format.ts";
import { type Html, html, table } from "./html.ts";
import { hopName, hopVerdict, isFaulty, skippedOf } from "./verdict.ts";

const HOP_COLUMNS = [
  { head: "hop" },
  { head: "verdict" },
  ...["owed", "once", "lost", "doubled", "out of order"].map((head) => ({ head, isNumber: true })),
  { head: "skipped by rule" },
];
const FINDING_COLUMNS = ["message", "room", "hop", "kind", "event id"].map((head) => ({ head }));
const KIND_WORDS = { lost: "lost", doubled: "doubled", disordered: "out of order" } as const;

/** More rooms than these are folded, unless they are not clean. */
const OPEN_ROOMS = 2;

export function certificateSection(certificate: Certificate | undefined): Html {
  if (certificate === undefined) return html``;
  const { rooms } = certificate;
  return html`<section><h2>Certificate</h2>
<p class="soft">Hops in the order of a message's way. Owed are events; where sockets receive, events times sockets.</p>
${rooms.map(({ room, hops }, n) => roomTable(room, hops, n < OPEN_ROOMS || hops.some(isFaulty)))}
${findingsTable(certificate)}</section>`;
}

function roomTable(room: string, hops: readonly HopCount[], isOpen: boolean): Html {
  const rows = hops.map((hop) => {
    const { isObserved, owed, once, lost, doubled, disordered } = hop;
    const verdict = html`<span class="${isFaulty(hop) ? "bad" : isThroughout(hop) ? "good" : "soft"}">${hopVerdict(hop)}</span>`;
    const counts = [owed, once, lost, doubled, disordered].map((n) => (isObserved ? number(n) : "–"));
    return [hopName(hop), verdict, ...counts, skippedOf([hop]) || "–"];
  });
  const faulty = hops.filter(isFaulty).length;
  const unwatched = hops.filter(({ isObserved }) => !isObserved).length;
  const told = faulty > 0 ? `${count(faulty, "hop")} not clean` : "clean";
  const partly = hops.filter((hop) => hop.isObserved && !isThroughout(hop)).length;
  const gaps = `${unwatched > 0 ? `, ${unwatched} not watched` : ""}${partly > 0 ? `, ${partly} not watched throughout` : ""}`;
  return html`<details${isOpen ? html` open` : ""}><summary>Room ${room}: ${told} (${count(hops.length, "hop")}${gaps})</summary>
${table(`Room ${room}`, HOP_COLUMNS, rows)}</details>`;
}

const isThroughout = ({ isObserved, unwatchedPeriods }: HopCount) => isObserved && unwatchedPeriods === undefined;

function findingsTable({ findings, moreFindings }: Certificate): Html {
  if (findings.length === 0) return html``;
  const rows = findings.map((finding) => [
    html`<code>${finding.clientId}</code>`,
    finding.room,
    hopName(finding),
    KIND_WORDS[finding.kind],
    finding.id === 0 ? "none yet" : String(finding.id),
  ]);
  return html`<h3>Findings</h3>${table("Which message, where, what", FINDING_COLUMNS, rows)}
${moreFindings > 0 ? html`<p>And ${number(moreFindings)} more.</p>` : ""}`;
}
