import { expect, test } from "vitest";
import type { Certificate, Finding, HopCount } from "./certificate.ts";
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
  sum.add(page({ isObserved: false }, { findings: Array<Finding>(30).fill(finding) }));
  const { isClean, findings, moreFindings, unreadableFrames, rooms } = sum.certificate;
  expect({ isClean, findings: findings.length, moreFindings, unreadableFrames }).toEqual({
    isClean: false,
    findings: 100,
    moreFindings: 21,
    unreadableFrames: 2,
  });
  expect(rooms[0]?.hops[0]).toMatchObject({ lost: 1, isObserved: false });
});
