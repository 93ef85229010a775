import { expect, test } from "vitest";
import { CLOSE, ClientError, ERRORS, isErrorCode, mayReconnect } from "./errors.ts";

test("the close codes are the documented ones", () => {
  expect(Object.fromEntries(Object.entries(CLOSE).map(([name, { code }]) => [name, code]))).toEqual({
    badFrames: 1008,
    internal: 1011,
    drain: 1012,
    overloaded: 1013,
    lifetime: 4000,
    slowReader: 4008,
    flood: 4029,
    resumeRefused: 4030,
    token: 4501,
    forbidden: 4503,
    session: 4504,
    replaced: 4509,
  });
});

test("the range of a close code tells whether to come back", () => {
  const returning = Object.values(CLOSE).filter(({ code }) => mayReconnect(code));
  expect(returning.map(({ code }) => code)).toEqual([1011, 1012, 1013, 4000, 4008, 4029, 4030]);
  expect([1000, 1006, 4499, 5000].map(mayReconnect)).toEqual([true, true, true, true]);
  expect([4500, 4999, 1008].map(mayReconnect)).toEqual([false, false, false]);
});

test("every reason fits into a close frame", () => {
  for (const { reason } of Object.values(CLOSE)) expect(new TextEncoder().encode(reason).length).toBeLessThanOrEqual(123);
});

test("what may be retried is a matter of the server or of time, never of the input", () => {
  for (const [code, { status, retry }] of Object.entries(ERRORS)) {
    expect([code, retry]).toEqual([code, status === 429 || status === 503 || status === 507 || code === "internal"]);
  }
});

test("only names of the table are error codes", () => {
  expect(isErrorCode("rate_limited")).toBe(true);
  for (const name of ["", "nope", "constructor", "__proto__", "toString"]) expect(isErrorCode(name)).toBe(false);
});

test("a refusal carries its code, a fixed sentence, and when to come again", () => {
  const error = new ClientError("rate_limited", { retryAfterMs: 250 });
  expect(error).toMatchObject({ code: "rate_limited", retryAfterMs: 250, message: ERRORS.rate_limited.message });
  expect(new ClientError("bad_limit", { detail: "limit is 7000" }).message).toBe("limit is 7000");
});
