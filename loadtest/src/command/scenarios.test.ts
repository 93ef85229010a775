import { Env } from "@drawchat/runtime/env";
import { expect, test } from "vitest";
import { changedSettings } from "../target/changed-settings.ts";
import { OptionReader, type OptionValues, UsageError } from "./option-reader.ts";
import { SCENARIOS } from "./scenarios.ts";
import { readTarget } from "./target-options.ts";

function prepare(name: string, values: OptionValues) {
  const options = new OptionReader(values);
  const scenario = SCENARIOS.get(name);
  if (scenario === undefined) throw new Error(`no scenario ${name}`);
  const { needs } = scenario.prepare(options);
  readTarget(options, needs, new Env({}));
  options.finish();
  return { needs, resolved: options.resolved };
}

test("a report can say all that was asked for, defaults included, but for the seed, which has a place of its own", () => {
  const { needs, resolved } = prepare("night", { viewers: "2000", "v1-share": "10%", seed: "7" });
  expect(resolved).toMatchObject({ viewers: 2_000, v1Share: 0.1, burstShare: 0.3, gateways: 2, noBalancer: false });
  expect(resolved).not.toHaveProperty("seed");
  // Everybody within 48 s, most of them in the middle; an observer's token a room.
  expect(needs).toEqual({ sockets: 2_000, rooms: 1, connectsPerSecond: 96, moreUsers: 1 });
});

test("every wrong option is told at once", () => {
  const wrong = { minutes: "700", sockets: "1.5", "v1-share": "2", url: "nowhere", session: ["x"], metrics: ["gateway-1"] };
  expect(() => prepare("soak", wrong)).toThrow(UsageError);
  expect(() => prepare("soak", wrong)).toThrow(
    new RegExp(["--minutes", "--sockets", "--v1-share", "--url", "--session", "--metrics"].map((name) => `${name}[^\\n]+`).join("\\n")),
  );
});

test("the chat that a run starts may be told to sample, one that runs already may not", () => {
  expect(prepare("fanout", { "sample-above": "20" }).resolved).toMatchObject({ sampleAbove: 20 });
  expect(prepare("fanout", {}).resolved).toMatchObject({ sampleAbove: 0 });
  const settings = changedSettings({ connectsPerSecond: 10, gateways: 1, trailEvents: 0, sampleAbove: 20 });
  expect(settings).toContainEqual(expect.objectContaining({ name: "LIVE_CHAT_SAMPLE_ABOVE_PER_SECOND", value: "20" }));
});

test("a chat that runs has a session for each room of the run", () => {
  const url = "ws://localhost:1";
  expect(() => prepare("soak", { url })).toThrow(/^--session names a room each: the run has 2 \(--rooms\), and 0 are named$/);
  expect(prepare("soak", { url, session: ["4", "5"] }).needs).toMatchObject({ rooms: 2 });
  expect(prepare("soak", { url, rooms: "1" }).needs).toMatchObject({ rooms: 1 });
});

test("a URL that needs TLS is wrong usage, before anything is asked of it", () => {
  expect(() => prepare("night", { url: "wss://chat.example" })).toThrow(/--url is ws:\/\/ or http:\/\/, not wss:/);
});

test("a Redis Cluster has three nodes or more, and slots move in a cluster alone", () => {
  expect(prepare("night", { "redis-nodes": "3", "move-slots": "0.5" }).resolved).toMatchObject({ redisNodes: 3, moveSlots: 0.5 });
  expect(() => prepare("night", { "redis-nodes": "2" })).toThrow(/--redis-nodes is 1, or 3 and more/);
  expect(() => prepare("night", { "move-slots": "5" })).toThrow(/--move-slots needs --redis-nodes/);
});

test("who is to be killed is one of the processes that are going to be started, and known before one is", () => {
  expect(prepare("storm", { kill: "gateway-3", gateways: "3" }).resolved).toMatchObject({ kill: "gateway-3" });
  const wrong = new UsageError(["--kill is one of api-1, gateway-1, gateway-2, writer-1, not gateway-9"]);
  expect(() => prepare("storm", { kill: "gateway-9" })).toThrow(wrong);
  // Watched, but none of the chat's own.
  expect(() => prepare("storm", { kill: "redis" })).toThrow(UsageError);
  expect(() => prepare("storm", { kill: "gateway-1", url: "ws://localhost:1" })).toThrow(/--kill is for a cluster of the run's own/);
});

test("an option of the other kind of target is told, not passed over", () => {
  const given = { session: ["42"], tokens: "t", redis: "redis://h", database: "postgres://h", metrics: ["gateway-1=http://h:1"] };
  const needsUrl = (name: string) => `--${name} is of a chat that runs already, and needs --url`;
  expect(() => prepare("storm", given)).toThrow(new UsageError(Object.keys(given).map(needsUrl)));
  const own = { gateways: "3", writers: "2", "redis-nodes": "3", "move-slots": "1", "sample-above": "5", "no-balancer": true, pin: true };
  const isOwn = (name: string) => `--${name} is for a cluster of the run's own, not for --url`;
  expect(() => prepare("storm", { ...own, url: "ws://localhost:1" })).toThrow(new UsageError(Object.keys(own).map(isOwn)));
  expect(() => prepare("storm", { url: "" })).toThrow(/^--url is no URL: $/);
});

test("an empty number or share is none, and not 0 or the default", () => {
  expect(() => prepare("storm", { "v1-share": "%", "drop-share": "", sockets: "", "per-second": " " })).toThrow(
    new UsageError([
      "--sockets is a whole number from 1 to 200000, not empty",
      "--per-second is a number from 0.1 to 10000, not empty",
      "--v1-share is a share such as 0.25 or 25%, not %",
      "--drop-share is a share such as 0.25 or 25%, not empty",
    ]),
  );
});

test("a rate that is too high is told with the highest", () => {
  expect(() => prepare("fanout", { rates: "10,200000" })).toThrow(/^--rates are numbers above 0 and up to 100000, with commas between$/);
  expect(prepare("fanout", { rates: "10,100000" }).resolved).toMatchObject({ rates: "10,100000" });
});

test("what is given of a chat that runs is not written into its report", () => {
  const secret = { url: "http://localhost:8000", redis: "redis://:secret@host", database: "postgres://u:secret@host/db" };
  expect(JSON.stringify(prepare("rest", secret).resolved)).not.toContain("secret");
});
