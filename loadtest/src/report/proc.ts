/** What Linux says of a process and of the machine. Elsewhere there is no /proc: every reader answers undefined. */
import { readFile } from "node:fs/promises";

/** Linux shows CPU times to programs in hundredths of a second, whatever its own tick is. */
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4_096;

export interface ProcessUse {
  /** Since its start, all its threads and children: Postgres has a process a connection. */
  readonly cpuSeconds: number;
  /** Of children what is theirs alone: they share the rest with it. */
  readonly rssBytes: number;
}

/** Undefined: the process is gone, or there is no /proc. */
export async function readProcess(pid: number): Promise<ProcessUse | undefined> {
  const own = await readOne(pid, "VmRSS");
  if (own === undefined) return undefined;
  const children = ((await readText(`/proc/${pid}/task/${pid}/children`)) ?? "").split(" ").filter((text) => text.trim() !== "");
  const uses = await Promise.all(children.map((child) => readOne(Number(child), "RssAnon")));
  return uses.reduce<ProcessUse>(
    (sum, use) => ({ cpuSeconds: sum.cpuSeconds + (use?.cpuSeconds ?? 0), rssBytes: sum.rssBytes + (use?.rssBytes ?? 0) }),
    own,
  );
}

async function readOne(pid: number, memory: "VmRSS" | "RssAnon"): Promise<ProcessUse | undefined> {
  const [stat, status] = await Promise.all([readText(`/proc/${pid}/stat`), readText(`/proc/${pid}/status`)]);
  if (stat === undefined || status === undefined) return undefined;
  // The name in brackets may hold blanks and brackets itself: what counts comes after the last one. Children that have
  // ended are in the third and fourth of these.
  const times = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 15);
  const ticks = times.reduce((sum, ticks) => sum + Number(ticks), 0);
  const kilobytes = numberIn(status, memory === "VmRSS" ? /^VmRSS:\s+(\d+) kB/m : /^RssAnon:\s+(\d+) kB/m);
  return { cpuSeconds: ticks / TICKS_PER_SECOND, rssBytes: kilobytes * 1_024 };
}

export interface MachineUse {
  /** Core-seconds since boot: in use by anybody, and taken away by the host of a virtual machine. */
  readonly busySeconds: number;
  readonly stolenSeconds: number;
  /** What the kernel keeps for itself: sockets are in it. */
  readonly slabBytes: number;
  /** Bytes waiting in TCP buffers. */
  readonly tcpBufferBytes: number;
  /** Through the loopback card since boot, each byte once. */
  readonly loopbackBytes: number;
}

/** Undefined where there is no /proc. */
export async function readMachine(): Promise<MachineUse | undefined> {
  const files = ["/proc/stat", "/proc/meminfo", "/proc/net/sockstat", "/proc/net/dev"];
  const [stat, memory, sockets, cards] = await Promise.all(files.map(readText));
  if (stat === undefined) return undefined;
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = (/^cpu +(.*)$/m.exec(stat)?.[1] ?? "")
    .split(" ")
    .map(Number);
  return {
    busySeconds: (user + nice + system + irq + softirq) / TICKS_PER_SECOND,
    stolenSeconds: steal / TICKS_PER_SECOND,
    slabBytes: numberIn(memory ?? "", /^Slab:\s+(\d+) kB/m) * 1_024,
    tcpBufferBytes: numberIn(sockets ?? "", /^TCP:.* mem (\d+)/m) * PAGE_BYTES,
    loopbackBytes: numberIn(cards ?? "", /^\s*lo:\s*(\d+)/m),
  };
}

function numberIn(text: string, pattern: RegExp): number {
  return Number(pattern.exec(text)?.[1] ?? 0);
}

async function readText(path: string): Promise<string | undefined> {
  return await readFile(path, "utf8").catch(() => undefined);
}
