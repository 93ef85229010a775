import { expect, test } from "vitest";
import type { Certificate, HopCount } from "./certificate.ts";
import { certificateText } from "./certificate-text.ts";

const row: HopCount = {
  hop: "sent",
  where: "",
  isObserved: true,
  owed: 1_200,
  once: 1_200,
  skipped: {},
  lost: 0,
  doubled: 0,
  disordered: 0,
};

test("a certificate is a verdict, a table a room and the first findings", () => {
  const finding = { room: "s1", hop: "received", where: "gateway-1 v2", kind: "lost", id: 5, clientId: "c", times: 3 } as const;
  const certificate: Certificate = {
    isClean: false,
    rooms: [
      {
        room: "s1",
        hops: [
          row,
          { ...row, hop: "accepted", once: 1_150, skipped: { rate_limited: 40, busy: 10 } },
          { ...row, hop: "logged", isObserved: false, owed: 0, once: 0 },
          { ...row, hop: "received", where: "gateway-1 v2", lost: 3 },
        ],
      },
    ],
    findings: Array.from({ length: 12 }, () => finding),
    moreFindings: 3,
    unreadableFrames: 2,
  };
  expect(certificateText(certificate).split("\n")).toEqual([
    "Ledger: NOT CLEAN",
    "2 frames could not be read",
    "",
    "room s1",
    "  hop                           owed   once                   skipped  lost  doubled  disordered",
    "  sent                         1,200  1,200                         0     0        0           0",
    "  accepted                     1,200  1,150  40 rate_limited, 10 busy     0        0           0",
    "  logged                 not watched                                                            ",
    "  received gateway-1 v2        1,200  1,200                         0     3        0           0",
    "",
    ...Array.from({ length: 10 }, () => "s1: lost at received gateway-1 v2: id 5, client_id c, 3 times"),
    "and 5 more",
    "",
  ]);
});

test("a clean one says so in its first line", () => {
  expect(certificateText({ isClean: true, rooms: [], findings: [], moreFindings: 0 })).toBe("Ledger: clean\n");
});
