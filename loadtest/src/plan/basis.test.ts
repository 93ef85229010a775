/** Which machine a plan is about, where a folder has what several measured. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { writeReport } from "../report/report-file.ts";
import { readBasis } from "./basis.ts";
import { planCommand } from "./command.ts";
import { syntheticRuns } from "./synthetic-run.ts";

const [fanout, storm] = syntheticRuns(); // at 20:00 and 21:00
const ELSEWHERE = { cpus: 64, model: "another", kernel: "6.1", node: "v22", redis: "7.0.15" };

async function folderWith(measuredAt: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "drawchat-basis-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const gateway = { points: [], maxDeliveriesPerSecond: 1e6, idleBytesPerSocket: 900, connectCpuMicros: 150 };
  const costs = { format: 1, measuredAt, machine: ELSEWHERE, eventBytes: 300, gateway, redis: { points: [] } };
  await writeFile(join(dir, "costs.json"), JSON.stringify(costs));
  return dir;
}

test("what was measured last picks the machine, be it a run or the benchmark", async () => {
  const old = await folderWith("2026-04-01T00:00:00.000Z");
  await writeReport(old, fanout);
  expect(await readBasis(old)).toMatchObject({
    reports: [{ report: { scenario: "fanout" } }],
    bench: undefined,
    notes: [expect.stringMatching(/costs\.json is of another machine/)],
  });
  const fresh = await folderWith("2026-06-01T00:00:00.000Z");
  await writeReport(fresh, fanout);
  expect(await readBasis(fresh)).toMatchObject({
    reports: [],
    bench: { machine: ELSEWHERE },
    machine: "64 cores, another",
    notes: [expect.stringMatching(/fanout.* is of another machine/)],
  });
});

test("a check of a run of another machine says so", async () => {
  const dir = await folderWith("2026-04-01T00:00:00.000Z");
  await writeReport(dir, fanout);
  const check = async (machine: typeof storm.machine) => {
    let output = "";
    const print = (text: string) => {
      output += text;
    };
    const held = await writeReport(dir, { ...storm, machine });
    await planCommand(["--from", dir, "--check", held], { print, warn: () => undefined });
    return output;
  };
  expect(await check({ ...storm.machine, ...ELSEWHERE })).toContain("is of another machine (64 cores, another) than what it is predicted");
  expect(await check(storm.machine)).not.toContain("another machine");
});
