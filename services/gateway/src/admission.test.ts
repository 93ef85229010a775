import { expect, test } from "vitest";
import { Admission, type AdmissionLimits } from "./admission.ts";

const LIMITS: AdmissionLimits = { handshakesPerSecond: 10, handshakesPerAddressPerSecond: 3, maxConnections: 5, maxSocketsPerAddress: 0 };
const AT_EASE = { refusesSockets: false };
const ann = { text: "203.0.113.1", isTrustedProxy: false };
const proxy = { text: "10.0.0.1", isTrustedProxy: true };
const other = (n: number) => ({ text: `203.0.113.${n}`, isTrustedProxy: false });

test("an address has its handshakes a second, and the next second again", () => {
  const admission = new Admission(LIMITS, AT_EASE);
  expect([1, 2, 3, 4].map(() => admission.judge(ann, 100))).toEqual([undefined, undefined, undefined, "rate_limited"]);
  expect(admission.judge(other(2), 100)).toBeUndefined();
  expect(admission.judge(ann, 1_000)).toBeUndefined();
});

test("the gateway has its handshakes a second, whoever they are of; refused ones count too", () => {
  const admission = new Admission(LIMITS, AT_EASE);
  for (let n = 0; n < 10; n += 1) admission.judge(other(n), 0);
  expect(admission.judge(ann, 999)).toBe("overloaded");
  expect(admission.judge(ann, 1_000)).toBeUndefined();
});

test("a trusted proxy that names nobody is exempt from an address's limits", () => {
  const admission = new Admission(LIMITS, AT_EASE);
  expect(Array.from({ length: 5 }, () => admission.judge(proxy, 0))).toEqual(Array.from({ length: 5 }, () => undefined));
});

test("at the cap of connections nobody comes in until somebody leaves", () => {
  const admission = new Admission(LIMITS, AT_EASE);
  for (let n = 0; n < 5; n += 1) admission.enter(other(n));
  expect(admission.judge(ann, 0)).toBe("overloaded");
  admission.leave(other(0));
  expect(admission.judge(ann, 0)).toBeUndefined();
});

test("sockets of an address are limited where that is set", () => {
  const admission = new Admission({ ...LIMITS, maxSocketsPerAddress: 2 }, AT_EASE);
  admission.enter(ann);
  admission.enter(ann);
  expect(admission.judge(ann, 0)).toBe("rate_limited");
  expect(admission.judge(other(2), 0)).toBeUndefined();
  admission.leave(ann);
  expect(admission.judge(ann, 0)).toBeUndefined();
});

test("while the gateway is full nobody comes in, whoever it is, and afterwards everybody again", () => {
  const load = { refusesSockets: true };
  const admission = new Admission(LIMITS, load);
  expect([admission.judge(ann, 0), admission.judge(proxy, 0)]).toEqual(["overloaded", "overloaded"]);
  load.refusesSockets = false;
  expect([admission.judge(ann, 0), admission.judge(proxy, 0)]).toEqual([undefined, undefined]);
});
