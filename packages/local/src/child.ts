/**
 * A child process that never outlives us, however we die. It runs in a process group of its own, so that Ctrl-C in a
 * terminal reaches only the parent, which then stops its children in order. Beside it waits a guard: a shell whose
 * stdin is a pipe from us. When we are gone the pipe ends and the guard stops the child.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

export interface ChildOptions {
  command: string;
  args: readonly string[];
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Run as this user and group; only root can. */
  uid?: number;
  /** How to stop it; Postgres wants SIGINT. Default SIGTERM. */
  stopSignal?: "SIGTERM" | "SIGINT";
  /** SIGKILL follows the stop signal after this long. Default 10,000. */
  stopTimeoutMs?: number;
  onLine?: (line: string, from: "stdout" | "stderr") => void;
}

export interface ChildEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** $0: the child, $1: its stop signal, $2: tenths of a second until SIGKILL. */
const GUARD = `
  read -r _
  kill -s "$1" "$0"
  while kill -0 "$0" && [ "$2" -gt 0 ]; do sleep 0.1; set -- "$1" $(($2 - 1)); done
  kill -s KILL "$0"`;
const LAST_LINES = 40;

export class Child {
  readonly pid: number;
  /** Resolves when it has ended; never rejects. */
  readonly ended: Promise<ChildEnd>;
  readonly #process: ChildProcess;
  readonly #stopSignal: "SIGTERM" | "SIGINT";
  readonly #stopTimeoutMs: number;
  readonly #lastLines: string[] = [];
  #stopped: Promise<ChildEnd> | undefined;

  private constructor(process: ChildProcess, pid: number, { stopSignal, stopTimeoutMs, onLine }: ChildOptions) {
    this.pid = pid;
    this.#process = process;
    this.#stopSignal = stopSignal ?? "SIGTERM";
    this.#stopTimeoutMs = stopTimeoutMs ?? 10_000;
    this.#readLines("stdout", onLine);
    this.#readLines("stderr", onLine);
    const guard = startGuard(pid, this.#stopSignal, this.#stopTimeoutMs);
    this.ended = new Promise((resolve) => {
      process.once("exit", () => guard.kill("SIGKILL"));
      process.once("close", (code, signal) => resolve({ code, signal }));
    });
  }

  /** Resolves once the process exists; rejects where the command cannot be run. */
  static async start(options: ChildOptions): Promise<Child> {
    const { command, args, cwd, env, uid } = options;
    const process = spawn(command, args, {
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      ...(cwd === undefined ? {} : { cwd }),
      ...(env === undefined ? {} : { env }),
      ...(uid === undefined ? {} : { uid, gid: uid }),
    });
    await new Promise<void>((resolve, reject) => {
      process.once("error", reject);
      process.once("spawn", resolve);
    });
    if (process.pid === undefined) throw new Error(`${command} has no process id`);
    return new Child(process, process.pid, options);
  }

  get isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Its last lines of output, for an error message. */
  get lastOutput(): string {
    return this.#lastLines.join("\n");
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Asks it to stop, then makes it. Safe to call again, and after it ended. */
  stop(): Promise<ChildEnd> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<ChildEnd> {
    this.#process.kill(this.#stopSignal);
    const deadline = setTimeout(() => this.#process.kill("SIGKILL"), this.#stopTimeoutMs);
    const end = await this.ended;
    clearTimeout(deadline);
    return end;
  }

  #readLines(from: "stdout" | "stderr", onLine: ChildOptions["onLine"]): void {
    const stream = this.#process[from];
    if (stream === null) return;
    createInterface({ input: stream }).on("line", (line) => {
      this.#lastLines.push(line);
      if (this.#lastLines.length > LAST_LINES) this.#lastLines.shift();
      onLine?.(line, from);
    });
  }
}

/** It must not keep our event loop alive: a program that forgets its child ends, and the guard cleans up. */
function startGuard(pid: number, stopSignal: "SIGTERM" | "SIGINT", stopTimeoutMs: number): ChildProcess {
  const args = ["-c", GUARD, String(pid), stopSignal.slice(3), String(Math.ceil(stopTimeoutMs / 100))];
  const guard = spawn("/bin/sh", args, { detached: true, stdio: ["pipe", "ignore", "ignore"] });
  guard.on("error", () => guard.kill());
  guard.unref();
  if (guard.stdin !== null && "unref" in guard.stdin && typeof guard.stdin.unref === "function") guard.stdin.unref();
  return guard;
}
