/**
 * A Redis that an earlier run left behind on the same folder: two writers of one append-only file would spoil it.
 * The folder's `port` file says where to ask; only one that names our folder as its own is stopped.
 */
import { readFile, realpath, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";

const ANSWER_TIMEOUT_MS = 2_000;

export async function writeRedisPort(dir: string, port: number): Promise<void> {
  await writeFile(join(dir, "port"), String(port));
}

export async function stopLeftBehindRedis(dir: string): Promise<void> {
  const path = join(dir, "port");
  const port = Number(await readFile(path, "utf8").catch(() => ""));
  if (Number.isInteger(port) && port > 0 && port < 65_536) {
    const itsDir = (await ask(port, "CONFIG GET dir")).split("\r\n")[4];
    if (itsDir !== undefined && itsDir === (await realpath(dir))) await ask(port, "SHUTDOWN NOSAVE");
  }
  await rm(path, { force: true });
}

/** One inline command; resolves with what came back until a first answer or the end, "" where nobody answers. */
async function ask(port: number, command: string): Promise<string> {
  return await new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    let answer = "";
    const finish = () => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(ANSWER_TIMEOUT_MS, finish);
    socket.on("error", finish);
    socket.on("close", finish);
    socket.on("data", (bytes) => {
      answer += bytes.toString("latin1");
      if (answer.startsWith("*2\r\n") ? answer.split("\r\n").length >= 6 : answer.includes("\r\n")) finish();
    });
    socket.end(`${command}\r\n`);
  });
}
