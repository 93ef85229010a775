import { expect, test } from "vitest";
import { loadConfig } from "./config.ts";

const needed = { REDIS_URL: "redis://r", DATABASE_URL: "postgres://p/d", API_INTERNAL_URL: "http://api" };

test("batches are at most 500 rows and 50 ms by default", () => {
  expect(loadConfig(needed)).toMatchObject({ batchMaxRows: 500, batchWaitMs: 50, concurrentBatches: 4 });
});

test("everything that is wrong is named at once", () => {
  expect(() => loadConfig({ REDIS_URL: "nowhere", WRITER_BATCH_MAX_ROWS: "501" })).toThrow(
    /REDIS_URL must be a redis.*DATABASE_URL is missing.*API_INTERNAL_URL is missing.*WRITER_BATCH_MAX_ROWS must be/s,
  );
});

test("two writers never have one id", () => {
  expect(loadConfig(needed).writerId).not.toBe(loadConfig(needed).writerId);
});
