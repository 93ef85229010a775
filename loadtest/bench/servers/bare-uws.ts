/**
 * The practical limit: uWebSockets.js and a subscription, and nothing that a chat needs. Takes the same publications from the
 * same kind of channel as a gateway and follows the same rule of ticks. Arguments: Redis URL, channel, `arrays` (the events of
 * a tick joined to one array, the floor of version 2) or `single` (a frame an event, the floor of version 1).
 */
import * as uWS from "uWebSockets.js";
import { Redis } from "ioredis";
import { tellReady } from "./ready.ts";

const [url = "", channel = "", form = ""] = process.argv.slice(2);
const app = uWS.App();

/** As the gateway has them. */
const MIN_TICK_MS = 10;
const MAX_TICK_MS = 250;
const CALM_SWEEPS_PER_TICK = 4;
const CALM_TICK_MS = 70;
const SWEEPS_PER_TICK = 3;
const FULL_TICK_SWEEPS = 1;
const MAX_FRAME_BYTES = 16_384;
const TOPIC = "all";
const EVENTS = "E".charCodeAt(0);
const NEWLINE = 10;
const [OPEN, COMMA, CLOSE] = [Buffer.from("["), Buffer.from(","), Buffer.from("]")];

let waiting: Buffer[] = [];
let waitingBytes = 0;
let timer: NodeJS.Timeout | undefined;
let dueMs = Number.POSITIVE_INFINITY;
let lastFlushMs = Number.NEGATIVE_INFINITY;
let sweepMs = 0;

function take(publication: Buffer): void {
  if (publication[0] !== EVENTS) return;
  waiting.push(publication);
  waitingBytes += publication.length;
  const tickMs = Math.max(Math.min(CALM_TICK_MS, CALM_SWEEPS_PER_TICK * sweepMs), SWEEPS_PER_TICK * sweepMs);
  const leastMs = waitingBytes >= MAX_FRAME_BYTES ? FULL_TICK_SWEEPS * sweepMs : tickMs;
  const nextMs = lastFlushMs + Math.min(MAX_TICK_MS, Math.max(MIN_TICK_MS, leastMs));
  if (nextMs >= dueMs) return;
  clearTimeout(timer);
  dueMs = nextMs;
  const waitMs = dueMs - performance.now();
  if (waitMs <= 0) flush();
  else timer = setTimeout(flush, waitMs);
}

function flush(): void {
  clearTimeout(timer);
  dueMs = Number.POSITIVE_INFINITY;
  const publications = waiting;
  waiting = [];
  waitingBytes = 0;
  lastFlushMs = performance.now();
  if (form === "arrays") publishArrays(publications);
  else publishSingle(publications);
  const startedMs = lastFlushMs;
  setImmediate(() =>
    setImmediate(() => {
      sweepMs = performance.now() - startedMs;
    }),
  );
}

/** The bodies of a publication are joined by commas already. */
function publishArrays(publications: readonly Buffer[]): void {
  let bodies: Buffer[] = [];
  let bytes = 0;
  const send = () => {
    app.publish(TOPIC, Buffer.concat([OPEN, ...bodies.flatMap((body, i) => (i === 0 ? [body] : [COMMA, body])), CLOSE]), false);
    bodies = [];
    bytes = 0;
  };
  for (const publication of publications) {
    const body = publication.subarray(bodyStart(publication));
    if (bodies.length > 0 && bytes + body.length > MAX_FRAME_BYTES) send();
    bodies.push(body);
    bytes += body.length;
  }
  send();
}

function publishSingle(publications: readonly Buffer[]): void {
  for (const publication of publications) {
    const [, ...lines] = publication.toString("latin1", 0, bodyStart(publication) - 1).split("\n");
    let start = bodyStart(publication);
    for (const line of lines) {
      const end = start + Number(line.split(" ")[3]);
      app.publish(TOPIC, publication.subarray(start, end), false);
      start = end + 1;
    }
  }
}

/** Behind the first line, which ends with the number of events, and a line each. */
function bodyStart(publication: Buffer): number {
  let end = publication.indexOf(NEWLINE);
  const events = Number(publication.toString("latin1", publication.lastIndexOf(" ", end) + 1, end));
  for (let i = 0; i < events; i += 1) end = publication.indexOf(NEWLINE, end + 1);
  return end + 1;
}

app.ws("/*", { maxBackpressure: 1_048_576, idleTimeout: 60, open: (socket) => void socket.subscribe(TOPIC) });

const subscriber = new Redis(url);
subscriber.on("messageBuffer", (_channel: Buffer, publication: Buffer) => take(publication));
await subscriber.subscribe(channel);
app.listen("127.0.0.1", 0, (socket) => {
  if (socket === false) throw new Error("no port to listen on");
  tellReady(uWS.us_socket_local_port(socket));
});
process.on("SIGTERM", () => process.exit());
