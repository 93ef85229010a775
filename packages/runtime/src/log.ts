/**
 * JSON log lines by pino: a constant lower-case message, data in fields. Lines about live rooms carry
 * `component: "live_chat"`, lines about sockets `component: "websocket"`, so that a grep finds them.
 * error = wake someone; warn = degraded; info = lifecycle; debug = per client. Never a token or a text.
 */
import { type Logger, pino } from "pino";

export type Log = Logger;
export type Component = "live_chat" | "conversations" | "websocket" | "http" | "process";

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Where log lines go; `write` gets a whole line at a time. */
export interface LogDestination {
  write: (line: string) => void;
}

/** A logger on stdout, synchronous, so that a last line before an exit is not lost. */
export function createLog(service: string, level: LogLevel, destination: LogDestination = pino.destination({ dest: 1, sync: true })): Log {
  return pino(
    {
      level,
      base: { service, pid: process.pid },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: ["token", "*.token", "headers.authorization", "req.headers.authorization"],
    },
    destination,
  );
}

const MASKED_PARAMETERS = ["token", "access_token", "q"];

/** The values of tokens, and of what somebody searches for, become `***`, however the parameter's name is encoded. */
export function maskUrl(url: string): string {
  return url.replace(/([?&])([^=&#]*)=[^&#]*/g, (parameter, separator: string, name: string) =>
    MASKED_PARAMETERS.includes(decoded(name).toLowerCase()) ? `${separator}${name}=***` : parameter,
  );
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name; // no encoding at all: nothing reads it as another name
  }
}
