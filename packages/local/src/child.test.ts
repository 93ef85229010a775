import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test, vi } from "vitest";
import { Child } from "./child.ts";

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test("a child ends when its parent is killed", async () => {
  const module = new URL("./child.ts", import.meta.url).href;
  const script = `const { Child } = await import(${JSON.stringify(module)});
    const child = await Child.start({ command: "sleep", args: ["600"] });
    console.log(child.pid);
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ["--input-type=module", "-e", script], { cwd: fileURLToPath(new URL(".", import.meta.url)) });
  const [bytes] = await once(parent.stdout, "data");
  const pid = Number(String(bytes));
  expect(isAlive(pid)).toBe(true);
  parent.kill("SIGKILL");
  await vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 5_000 });
});

test("stop asks first and resolves for every caller", async () => {
  const child = await Child.start({ command: "sleep", args: ["600"] });
  expect(await Promise.all([child.stop(), child.stop()])).toEqual([
    { code: null, signal: "SIGTERM" },
    { code: null, signal: "SIGTERM" },
  ]);
  expect(child.isRunning).toBe(false);
});

test("a child that ignores the stop signal is made to end", async () => {
  const trapped = Promise.withResolvers<void>();
  const args = ["-c", 'trap "" TERM; echo trapped; while :; do sleep 0.05; done'];
  const child = await Child.start({ command: "sh", args, stopTimeoutMs: 100, onLine: () => trapped.resolve() });
  await trapped.promise;
  expect(await child.stop()).toEqual({ code: null, signal: "SIGKILL" });
});

test("stopping a child that has ended tells how it ended", async () => {
  const child = await Child.start({ command: "sh", args: ["-c", "echo out; echo err >&2; exit 3"] });
  await child.ended;
  expect(await child.stop()).toEqual({ code: 3, signal: null });
  expect(child.lastOutput.split("\n").toSorted((a, b) => a.localeCompare(b))).toEqual(["err", "out"]);
});

test("a command that does not exist is an error", async () => {
  await expect(Child.start({ command: "no-such-program", args: [] })).rejects.toThrow("ENOENT");
});
