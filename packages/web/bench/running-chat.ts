/** A whole chat (`npm start` on a free port, in a folder of its own) and a Chromium, for the scripts of this folder. */
import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { signToken, type TokenRequest } from "@drawchat/auth/token";
import { ChatClient } from "@drawchat/client/chat-client";
import { Child } from "@drawchat/local/child";
import { findChromium } from "@drawchat/local/chromium";
import { freePort } from "@drawchat/local/ports";
import { type Browser, chromium } from "playwright-core";

const MAIN = fileURLToPath(new URL("../../../services/supervisor/src/main.ts", import.meta.url));
const BROWSER_FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"];

export interface RunningChat {
  url: string;
  browser: Browser;
  sessionId: number;
  /** Signs with the chat's own secret. */
  token: (request: Omit<TokenRequest, "expiresInSeconds">) => Promise<string>;
  /** A person without a screen, connected. */
  join: (request: Omit<TokenRequest, "expiresInSeconds">) => Promise<ChatClient>;
}

/** Runs `use` with a chat and a browser of its own, and ends both whatever happens. */
export async function withRunningChat(env: Record<string, string>, use: (chat: RunningChat) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), "drawchat-bench-"));
  await chmod(dir, 0o755);
  const port = await freePort();
  const secret = randomBytes(32).toString("hex");
  const own = { PORT: String(port), DATA_DIR: join(dir, "data"), LOG_DIR: join(dir, "logs"), GATEWAYS: "1", JWT_SECRET: secret };
  const child = await startServer({ ...own, ...env });
  try {
    const browser = await chromium.launch({ executablePath: await findChromium(process.env.CHROMIUM_PATH), args: BROWSER_FLAGS });
    try {
      await use(await chatAt(`http://localhost:${port}`, secret, browser));
    } finally {
      await browser.close();
    }
  } finally {
    await child.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

async function startServer(env: Record<string, string>): Promise<Child> {
  const running = Promise.withResolvers<void>();
  const child = await Child.start({
    command: process.execPath,
    args: [MAIN],
    env,
    stopTimeoutMs: 30_000,
    onLine: (line) => {
      if (line.startsWith("drawchat is running")) running.resolve();
    },
  });
  void child.ended.then(() => running.reject(new Error(`the chat did not start: ${child.lastOutput}`)));
  await running.promise;
  return child;
}

async function chatAt(url: string, secret: string, browser: Browser): Promise<RunningChat> {
  const config = {
    key: { kind: "secret" as const, secret: Buffer.from(secret) },
    issuer: "drawchat",
    audience: "drawchat",
    maxAgeSeconds: 86_400,
  };
  const token: RunningChat["token"] = (request) => signToken(config, { ...request, expiresInSeconds: 3_600 });
  const response = await fetch(`${url}/live-chat/status`, {
    headers: { authorization: `Bearer ${await token({ userId: 1, username: "looker" })}` },
  });
  const { session_id: sessionId } = await response.json();
  const join: RunningChat["join"] = async (request) => {
    const client = new ChatClient({ url: url.replace("http", "ws"), sessionId, token: await token(request) });
    const welcomed = Promise.withResolvers<void>();
    client.on("user", () => welcomed.resolve());
    client.start();
    await welcomed.promise;
    return client;
  };
  return { url, browser, sessionId, token, join };
}
