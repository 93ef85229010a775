/** What bad input must never do to a gateway: end it, fill its memory, or get a token or a text into a log. */

import { TestClient } from "@drawchat/testkit/client";
import type { Cluster } from "@drawchat/testkit/cluster";
import { expect } from "vitest";

/** Stands in every text that a test sends, so that a text in a log is found. */
export const MARK = "kumquat";
/** Every JWT begins like this: `{"alg":` in base64. */
const TOKEN_START = "eyJhbGci";
/** Far above what the collector leaves lying about, far below what any of the floods would need if it were kept. */
const MAX_GROWTH_BYTES = 100 * 1_048_576;

export class Witness {
  readonly #cluster: Cluster;
  readonly #pid: number;
  readonly #bytesBefore: number;

  private constructor(cluster: Cluster, bytesBefore: number) {
    this.#cluster = cluster;
    this.#pid = cluster.process("gateway-1").pid;
    this.#bytesBefore = bytesBefore;
  }

  /** Looks at a gateway that has worked a little: what it needs anyway is not growth. */
  static async watch(cluster: Cluster): Promise<Witness> {
    const { id } = await cluster.session();
    for (let userId = 900; userId < 930; userId++) {
      const client = await TestClient.join(await cluster.clientOptions(id, { userId }));
      await client.say(`${MARK} ${userId}`);
      await client.close();
    }
    return new Witness(cluster, await memoryOf(cluster));
  }

  async expectUnharmed(): Promise<void> {
    const gateway = this.#cluster.process("gateway-1");
    expect([gateway.isRunning, gateway.pid]).toEqual([true, this.#pid]);
    expect((await memoryOf(this.#cluster)) - this.#bytesBefore).toBeLessThan(MAX_GROWTH_BYTES);
    const lines = this.#cluster.logs.all.map((line) => JSON.stringify(line));
    expect(lines.filter((line) => line.includes(TOKEN_START) || line.includes(MARK))).toEqual([]);
    expect(this.#cluster.logs.all.filter((line) => line.level === "error" || line.level === "fatal")).toEqual([]);
  }
}

async function memoryOf(cluster: Cluster): Promise<number> {
  return metric(cluster, "process_resident_memory_bytes");
}

/** A figure of gateway-1's metrics, summed over those of its labels that `where` finds in the line. */
export async function metric(cluster: Cluster, name: string, where = ""): Promise<number> {
  const response = await fetch(`${cluster.privateUrl("gateway-1")}/metrics`);
  const lines = (await response.text()).split("\n").filter((line) => new RegExp(`^${name}[ {]`).test(line) && line.includes(where));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}
