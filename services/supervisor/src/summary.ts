/** What a person reads after `npm start`, and what a program reads from `endpoints.json`. */
import { writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import type { PlannedProcess } from "./fleet-plan.ts";

export interface Endpoints {
  edge: string;
  gateways: string[];
  api: string;
  metrics: string[];
  redis: string;
  postgres: string;
}

export function endpointsOf(plan: readonly PlannedProcess[], stores: { redisUrl: string; databaseUrl: string; edge: string }): Endpoints {
  const publicUrls = (service: PlannedProcess["service"]) =>
    plan.flatMap(({ service: its, publicUrl }) => (its === service && publicUrl !== undefined ? [publicUrl] : []));
  return {
    edge: stores.edge,
    gateways: publicUrls("gateway"),
    api: publicUrls("api")[0] ?? "",
    metrics: plan.map(({ privateUrl }) => `${privateUrl}/metrics`),
    redis: stores.redisUrl,
    postgres: stores.databaseUrl,
  };
}

/** Readable by its owner alone: the database's URL holds its password. */
export async function writeEndpoints(dataDir: string, endpoints: Endpoints): Promise<string> {
  const file = join(dataDir, "endpoints.json");
  await writeFile(file, `${JSON.stringify(endpoints, null, 2)}\n`, { mode: 0o600 });
  return file;
}

export interface SummaryParts {
  edge: string;
  gateways: number;
  demoSession: number | undefined;
  canSignTokens: boolean;
  endpointsFile: string;
  logFile: string;
}

export function summaryText(parts: SummaryParts): string {
  const { edge, gateways, demoSession, canSignTokens, endpointsFile, logFile } = parts;
  const here = (file: string) => (relative(process.cwd(), file).startsWith("..") ? file : relative(process.cwd(), file));
  const session = demoSession ?? "<session_id>";
  const lines = [
    "",
    `drawchat is running, with ${gateways} ${gateways === 1 ? "gateway" : "gateways"}.`,
    "",
    `  chat page     ${edge}/`,
    `  support       ${edge}/support as a customer, ${edge}/inbox as an agent`,
    `  API, to try   ${edge}/docs`,
    `  state         ${edge}/live-chat/status`,
    `  socket        ${edge.replace(/^http/, "ws")}/live-chat/ws/${session}?token=<token>`,
    ...(canSignTokens ? ["  a token       npm run -s token -- --user-id 1 --username ann"] : []),
    '  the database  npm run -s sql -- "select * from live_chat_sessions"',
    `  logs          ${here(logFile)}`,
    `  endpoints     ${here(endpointsFile)}`,
    "",
    demoSession === undefined
      ? undefined
      : `A demo draw is open (session ${demoSession}): no draw is configured (DRAW_TIME_HOUR, DRAW_TIME_MINUTE).`,
    "Ctrl-C stops everything.",
    "",
  ];
  return `${lines.filter((line) => line !== undefined).join("\n")}\n`;
}
