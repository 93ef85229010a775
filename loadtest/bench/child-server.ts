/** A server under measurement: a process of its own on a core of its own. */
import { fileURLToPath } from "node:url";
import { Child } from "@drawchat/local/child";
import { pin, SERVER_CORE } from "./machine.ts";

export interface RunningServer {
  readonly pid: number;
  readonly port: number;
  /** Resolves when it gives up nothing any more of what an earlier turn made it give up. Absent: it never does. */
  calm?(): Promise<void>;
  stop(): Promise<unknown>;
}

export interface ChildCommand {
  command: string;
  args: readonly string[];
  env?: NodeJS.ProcessEnv;
  /** The port that a line of its output tells; undefined for any other line. */
  portOf: (line: string) => number | undefined;
}

const START_TIMEOUT_MS = 20_000;

/** Resolves once it takes connections; it is gone again where that fails, and the Error holds what it said. */
export async function startChild({ command, args, env = {}, portOf }: ChildCommand): Promise<RunningServer> {
  const ready = Promise.withResolvers<number>();
  const child = await Child.start({
    command,
    args,
    env,
    stopTimeoutMs: 3_000,
    onLine: (line) => {
      const port = portOf(line);
      if (port !== undefined) ready.resolve(port);
    },
  });
  const deadline = setTimeout(() => ready.reject(new Error("it took too long")), START_TIMEOUT_MS);
  void child.ended.then(() => ready.reject(new Error("it ended")));
  try {
    const port = await ready.promise;
    await pin(child.pid, SERVER_CORE);
    return { pid: child.pid, port, stop: () => child.stop() };
  } catch (cause) {
    await child.stop();
    throw new Error(`${args.join(" ")} did not start:\n${child.lastOutput}`, { cause });
  } finally {
    clearTimeout(deadline);
  }
}

/** One of the files in `servers/`. */
export function startServerFile(file: string, args: readonly string[]): Promise<RunningServer> {
  return startChild({
    command: process.execPath,
    args: [fileURLToPath(new URL(`servers/${file}`, import.meta.url)), ...args],
    portOf: (line) => {
      const port = /^\{"msg":"ready","ports":\{"public":(\d+)\}\}$/.exec(line)?.[1];
      return port === undefined ? undefined : Number(port);
    },
  });
}
