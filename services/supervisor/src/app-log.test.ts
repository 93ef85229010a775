import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AppLog } from "./app-log.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "drawchat-test-log-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

const read = (name: string) => readFileSync(join(dir, "logs", name), "utf8");

test("lines of JSON stay as they are, others become JSON with the process's name", () => {
  const log = new AppLog(join(dir, "logs"));
  log.add("gateway-1", '{"msg":"ready"}');
  log.add("postgres", "LOG:  ready");
  const [first, second] = read("app.log").split("\n");
  expect(first).toBe('{"msg":"ready"}');
  expect(JSON.parse(second ?? "")).toMatchObject({ service: "postgres", msg: "LOG:  ready", level: "info" });
});

test("above its size the file is put aside, and one old file is kept", () => {
  const log = new AppLog(join(dir, "logs"), 10);
  for (const text of ["first\n", "second\n", "third\n"]) log.write(text);
  expect(read("app.log")).toBe("third\n");
  expect(read("app.log.1")).toBe("second\n");
});

test("a later start writes behind what is there, and counts it", () => {
  new AppLog(join(dir, "logs"), 10).write("123456\n");
  new AppLog(join(dir, "logs"), 10).write("abc\n");
  expect([read("app.log.1"), read("app.log")]).toEqual(["123456\n", "abc\n"]);
});
