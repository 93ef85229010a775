import { expect, test } from "vitest";
import { certificateSection } from "../report/certificate-section.ts";
import { verdictOf } from "../report/verdict.ts";
import type { Certificate, Finding, HopCount } from "./certificate.ts";
import { certificateText } from "./certificate-text.ts";
import { CertificateSum } from "./merge-certificates.ts";

const hop = (counts: Partial<HopCount> = {}): HopCount => {
  return { hop: "stored", where: "", isObserved: true, owed: 3, once: 3, skipped: {}, lost: 0, doubled: 0, disordered: 0, ...counts };
};
const page = (counts: Partial<HopCount> = {}, more: Partial<Certificate> = {}): Certificate => {
  return { isClean: true, rooms: [{ room: "s1", hops: [hop(counts)] }], findings: [], moreFindings: 0, ...more };
};
const finding: Finding = { room: "s1", hop: "stored", where: "", kind: "lost", id: 1, clientId: "" };

test("what periods say of a hop is added up, rules by their names", () => {
  const sum = new CertificateSum();
  sum.add(page({ skipped: { reset: 1 } }));
  sum.add(page({ skipped: { reset: 2, sampled: 1 }, owed: 9, once: 6 }));
  expect(sum.certificate).toEqual(page({ owed: 12, once: 9, skipped: { reset: 3, sampled: 1 } }));
});

test("one period that is not clean makes the whole unclean, and findings are told as far as they fit", () => {
  const sum = new CertificateSum();
  sum.add(page());
  sum.add(page({ lost: 1 }, { isClean: false, findings: Array<Finding>(90).fill(finding), moreFindings: 1, unreadableFrames: 2 }));
  sum.add(page({}, { findings: Array<Finding>(30).fill(finding) }));
  const { isClean, findings, moreFindings, unreadableFrames, rooms } = sum.certificate;
  expect({ isClean, findings: findings.length, moreFindings, unreadableFrames }).toEqual({
    isClean: false,
    findings: 100,
    moreFindings: 21,
    unreadableFrames: 2,
  });
  expect(rooms[0]?.hops[0]).toMatchObject({ lost: 1, isObserved: true });
});

test("what was lost in one period is told, also where another could not be watched", () => {
  const sum = new CertificateSum();
  const unread = page({ isObserved: false, owed: 0, once: 0 });
  for (const period of [unread, unread, page({ once: 2, lost: 1 }, { isClean: false }), page(), unread]) sum.add(period);
  const { certificate } = sum;
  expect(certificate.rooms[0]?.hops).toEqual([hop({ owed: 6, once: 5, lost: 1, unwatchedPeriods: 3 })]);
  expect(certificateText(certificate)).toContain("stored, 3 periods not watched");
  const { headline, sentences } = verdictOf({ certificate });
  expect(headline).toBe("Not clean: 1 lost");
  expect(sentences.slice(1)).toEqual([
    "Room s1, stored: 1 lost of 6 owed.",
    "Nobody watched in some periods: stored (3). What is said of these is of the others.",
  ]);
  const section = certificateSection(certificate).text;
  expect(section).toContain("1 lost, 3 periods not watched");
  expect(section).toContain("1 hop not clean (1 hop, 1 not watched throughout)");
});

test("a hop that nobody watched in any period is not watched", () => {
  const sum = new CertificateSum();
  const unread = page({ isObserved: false, owed: 0, once: 0 });
  for (const period of [unread, unread]) sum.add(period);
  expect(sum.certificate.rooms[0]?.hops[0]).toMatchObject({ isObserved: false });
});
