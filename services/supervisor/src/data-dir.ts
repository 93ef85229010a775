/** The data folder: one supervisor at a time, and the secret that its processes share. */
import { randomBytes } from "node:crypto";
import { mkdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";

const ANSWER_TIMEOUT_MS = 1_000;
const ATTEMPTS = 3;

/** Said to a person as it is. */
export class StartRefused extends Error {}

/**
 * Creates the folder and holds it until the returned function is called. The lock file names a port on which the holder
 * answers with the folder's path: a file left by a crash has nobody behind it, whatever process ids came round again.
 */
export async function lockDataDir(dir: string): Promise<() => Promise<void>> {
  await mkdir(dir, { recursive: true, mode: 0o755 });
  const path = await realpath(dir);
  const file = join(path, "supervisor.lock");
  const server = createServer((socket) => socket.on("error", () => socket.destroy()).end(path));
  await new Promise<void>((done, reject) => server.once("error", reject).listen(0, "127.0.0.1", done));
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  const closeServer = () => new Promise<void>((done) => server.close(() => done()));
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const isMine = await writeFile(file, String(port), { flag: "wx" }).then(
      () => true,
      () => false,
    );
    if (isMine) {
      return async () => {
        await rm(file, { force: true });
        await closeServer();
      };
    }
    if (await isHeld(file, path)) break;
    await rm(file, { force: true });
  }
  await closeServer();
  throw new StartRefused(`drawchat runs already on ${dir}. Stop it first, or give this one a DATA_DIR and a PORT of its own.`);
}

async function isHeld(file: string, path: string): Promise<boolean> {
  const port = Number(await readFile(file, "utf8").catch(() => ""));
  if (!Number.isInteger(port) || port <= 0 || port > 65_535) return false;
  return await new Promise((done) => {
    const socket = connect({ host: "127.0.0.1", port });
    let answer = "";
    const finish = () => {
      socket.destroy();
      done(answer === path);
    };
    socket.setTimeout(ANSWER_TIMEOUT_MS, finish);
    socket.on("data", (bytes) => {
      answer += bytes.toString("utf8");
    });
    socket.on("error", finish).on("end", finish);
  });
}

/** The secret that signs tokens: made once, readable by its owner alone. */
export async function readOrMakeSecret(dir: string): Promise<string> {
  const file = join(dir, "secret");
  const found = await readFile(file, "utf8").catch(() => "");
  if (found.trim() !== "") return found.trim();
  const secret = randomBytes(32).toString("hex");
  await writeFile(file, `${secret}\n`, { mode: 0o600 });
  return secret;
}
