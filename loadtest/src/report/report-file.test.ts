import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { parseReport, readReport, readReports, writeReport } from "./report-file.ts";
import { sampleReport } from "./sample-report.ts";

async function folder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "drawchat-reports-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

test("a report is read back as it was written, under a name with its scenario and time", async () => {
  const path = await writeReport(join(await folder(), "new"), sampleReport());
  expect(path.split("/").at(-1)).toBe("storm-2026-05-01T20-00-00Z.json");
  expect(await readReport(path)).toEqual(sampleReport());
});

test("a file that is no report is told with its first wrong fields", () => {
  expect(() => parseReport("{", "a.json")).toThrow(/^a\.json is not the report of a load run:\n {2}no JSON/);
  const { seed, ...rest } = sampleReport();
  expect(() => parseReport(JSON.stringify({ ...rest, format: 2 }), "a.json")).toThrow("/format must be equal to constant");
  expect(() => parseReport(JSON.stringify(rest), "a.json")).toThrow("seed");
  expect(() => parseReport(JSON.stringify({ ...rest, seed, startedAt: "yesterday" }), "a.json")).toThrow(
    '/startedAt must match format "date-time"',
  );
});

test("a report with a value that is no number is written, and told", async () => {
  const dir = await folder();
  const report = sampleReport({ figures: [{ name: "deliveries", value: Number.NaN, unit: "" }] });
  await expect(writeReport(dir, report)).rejects.toThrow("/figures/0/value must be number");
  expect(await readFile(join(dir, "storm-2026-05-01T20-00-00Z.json"), "utf8")).toContain('"deliveries"');
});

test("of a folder all reports are read, the oldest first, and other files are told", async () => {
  const dir = await folder();
  await writeReport(dir, sampleReport());
  await writeReport(dir, sampleReport({ scenario: "night", startedAt: "2026-04-30T20:00:00.000Z" }));
  await writeFile(join(dir, "costs.json"), "{}");
  const problems: string[] = [];
  const reports = await readReports(dir, (problem) => problems.push(problem));
  expect(reports.map(({ report }) => report.scenario)).toEqual(["night", "storm"]);
  expect(problems.join()).toContain("costs.json is not the report of a load run");
});
