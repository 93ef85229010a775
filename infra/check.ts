/**
 * `npm run check:infra`: everything here that can be judged without a container engine or a cluster. Programs that are
 * not on this machine are named as not checked; a failure ends it with status 1.
 */
import { checkFiles } from "./check-files.ts";
import { checkKubernetes } from "./check-kubernetes.ts";
import { checkPrograms } from "./check-programs.ts";

export interface Finding {
  readonly what: string;
  readonly result: "ok" | "failed" | "not checked";
  /** What is wrong, or why it could not be checked. */
  readonly reasons?: readonly string[];
}

const findings: readonly Finding[] = [...checkFiles(), ...checkKubernetes(), ...(await checkPrograms())];
for (const { what, result, reasons = [] } of findings) {
  process.stdout.write(`${result.padEnd(12)} ${what}\n${reasons.map((reason) => `${" ".repeat(15)}${reason}\n`).join("")}`);
}
process.exitCode = findings.some(({ result }) => result === "failed") ? 1 : 0;
