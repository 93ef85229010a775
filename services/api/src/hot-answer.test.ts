import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { HotAnswer } from "./hot-answer.ts";

beforeEach(() => vi.useFakeTimers({ toFake: ["Date"], now: 5_000 }));
afterEach(() => vi.useRealTimers());

const parts = { headersByOrigin: new Map([[undefined, {}]]), keepAliveMs: 5_000 };
const answer = { body: "one", etag: 'W/"tag"' };

test("bytes serve on for the same answer within the second that they name", () => {
  const hot = new HotAnswer(answer, parts);
  vi.setSystemTime(5_999);
  expect(hot.isOf({ ...answer })).toBe(true);
  vi.setSystemTime(6_000);
  expect(hot.isOf({ ...answer })).toBe(false);
});

test.each([{ body: "two" }, { etag: 'W/"other"' }, { cacheControl: "no-cache" }])(
  "bytes are not those of an answer with another %o",
  (other) => {
    expect(new HotAnswer(answer, parts).isOf({ ...answer, ...other })).toBe(false);
  },
);
