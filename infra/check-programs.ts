/** What the programs themselves say about their files, each where it is on this machine. */
import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { cacheDir } from "@drawchat/local/cache";
import { findRedisHere } from "@drawchat/local/redis-binary";
import type { Finding } from "./check.ts";
import { ROOT } from "./check-files.ts";

const run = promisify(execFile);

interface Program {
  readonly what: string;
  /** The program, or several that do the same: the first that is there. */
  readonly commands: readonly (readonly [program: string, ...args: string[]])[];
}

const SECRETS = { POSTGRES_PASSWORD: "p", REDIS_PASSWORD: "r", GRAFANA_PASSWORD: "g" };
const PROGRAMS: readonly Program[] = [
  { what: "haproxy.cfg (haproxy -c)", commands: [["haproxy", "-c", "-f", "infra/haproxy/haproxy.cfg"]] },
  {
    what: "docker-compose.yml (config -q)",
    commands: [
      ["docker-compose", "config", "-q"],
      ["docker", "compose", "config", "-q"],
    ],
  },
  {
    what: "prometheus.yml and alerts.yml (promtool check)",
    commands: [["promtool", "check", "config", "infra/prometheus/prometheus.yml"]],
  },
  { what: "alerts ring and keep quiet (promtool test)", commands: [["promtool", "test", "rules", "infra/prometheus/alerts.test.yml"]] },
  { what: "Kubernetes manifests (kubectl kustomize)", commands: [["kubectl", "kustomize", "infra/kubernetes"]] },
  { what: "Dockerfile (hadolint)", commands: [["hadolint", "infra/Dockerfile"]] },
];

export async function checkPrograms(): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const program of PROGRAMS) findings.push(await check(program));
  return [...findings, await checkRedis()];
}

async function check({ what, commands }: Program): Promise<Finding> {
  for (const [program, ...args] of commands) {
    if (!(await isHere(program)) || (program === "docker" && !(await hasCompose()))) continue;
    return await run(program, args, { cwd: ROOT, env: { PATH: process.env.PATH, HOME: process.env.HOME, ...SECRETS } }).then(
      (): Finding => ({ what, result: "ok" }),
      (error: Error & { stdout?: string; stderr?: string }): Finding => ({
        what,
        result: "failed",
        reasons: lines(`${error.stdout}${error.stderr}`),
      }),
    );
  }
  return { what, result: "not checked", reasons: [`no ${commands.map(([program]) => program).join(", no ")} on this machine`] };
}

/** Redis has no dry run: it is started on a socket file, in a folder of its own. */
async function checkRedis(): Promise<Finding> {
  const what = "redis.conf (redis-server starts with it)";
  const binary = await findRedisHere(await cacheDir());
  if (binary === undefined) return { what, result: "not checked", reasons: ["no redis-server on this machine"] };
  const dir = await mkdtemp(path.join(tmpdir(), "drawchat-check-"));
  const args = [
    "infra/redis/redis.conf",
    "--port",
    "0",
    "--unixsocket",
    path.join(dir, "s"),
    "--dir",
    dir,
    "--logfile",
    "",
    "--daemonize",
    "no",
  ];
  const env = { PATH: process.env.PATH, ...(binary.libraryPath === undefined ? {} : { LD_LIBRARY_PATH: binary.libraryPath }) };
  const redis = spawn(binary.command, args, { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"] });
  const said: string[] = [];
  try {
    redis.stderr.on("data", (chunk: Buffer) => said.push(...lines(chunk.toString())));
    for await (const line of createInterface({ input: redis.stdout })) {
      said.push(line);
      if (/ready to accept connections/i.test(line)) return { what, result: "ok" };
    }
    return { what, result: "failed", reasons: said };
  } finally {
    redis.kill("SIGKILL");
    await rm(dir, { recursive: true, force: true });
  }
}

/** A docker command may lack the plugin. */
async function hasCompose(): Promise<boolean> {
  return await run("docker", ["compose", "version"]).then(
    () => true,
    () => false,
  );
}

async function isHere(program: string): Promise<boolean> {
  return await run("sh", ["-c", 'command -v "$0"', program]).then(
    () => true,
    () => false,
  );
}

const lines = (output: string): string[] => output.split("\n").filter((line) => line.trim() !== "");
