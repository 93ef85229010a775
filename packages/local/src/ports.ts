/** Free TCP ports on 127.0.0.1. */
import { randomInt } from "node:crypto";
import { createServer } from "node:net";

// Below the range from which systems take the local ports of outgoing connections (32768 on Linux, 49152 elsewhere):
// a port from there could be taken by somebody's connection while a server that owned it restarts.
const LANES_FROM = 20_000;
const LANES_TO = 29_000;
const HIGHEST = 32_000;
const ATTEMPTS = 200;
const LANES = 12;
const LANE_PORTS = (LANES_TO - LANES_FROM) / LANES;

/** Given out by this process already: nobody may listen there yet, and still it is somebody's. */
const given = new Set<number>();
let from = LANES_TO;
let to = HIGHEST;

/** Keeps this process to a part of the range: processes in different lanes (0-11), or in none, never choose the same port. */
export function keepToPortLane(lane: number): void {
  from = LANES_FROM + (lane % LANES) * LANE_PORTS;
  to = from + LANE_PORTS;
}

/** A port that was free a moment ago, another one each time; whoever listens on it must still be ready to find it taken. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = randomInt(from, to);
    if (given.has(port) || (await portProblem("127.0.0.1", port)) !== undefined) continue;
    given.add(port);
    return port;
  }
  throw new Error(`no free port found from ${from} to ${to}`);
}

/** Several different free ports. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}

/** Undefined where the port is free; else the system's reason, such as `EADDRINUSE`. */
export async function portProblem(host: string, port: number): Promise<string | undefined> {
  const server = createServer();
  return await new Promise((resolve) => {
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
