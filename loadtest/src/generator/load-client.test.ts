/** How a socket of a run comes back, over a real server that behaves badly on purpose. */
import * as uWS from "uWebSockets.js";
import { afterEach, expect, test } from "vitest";
import { certifyRoom } from "../ledger/certify.ts";
import { Sends } from "../ledger/sends.ts";
import { Accounts } from "./accounts.ts";
import { nowUs } from "./clock.ts";
import { DIALECTS, type DialectName } from "./dialects.ts";
import { LoadClient } from "./load-client.ts";
import { loadClientId } from "./load-text.ts";
import { Tally } from "./tally.ts";

const RUN = 7;
const SENDER = 3;

type Socket = uWS.WebSocket<{ nth: number }>;

interface Behaviour {
  /** Instead of the upgrade of the how-manyeth handshake, from 0. */
  refuse?: (nth: number, response: uWS.HttpResponse) => boolean;
  onFrame?: (socket: Socket, frame: Record<string, unknown>) => void;
}

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

const welcome = (upto: number) => ({ type: "welcome", epoch: "e1", recovered: true, events: [], upto });
const nthOf = (socket: Socket) => socket.getUserData().nth;
const say = (socket: Socket, frame: object) => void socket.send(JSON.stringify(frame));

/** Every frame that the server read, with the number of its handshake. */
async function serve({ refuse, onFrame }: Behaviour): Promise<{ port: number; heard: [nth: number, frame: Record<string, unknown>][] }> {
  const heard: [number, Record<string, unknown>][] = [];
  let handshakes = 0;
  const app = uWS.App();
  app.ws<{ nth: number }>("/*", {
    upgrade: (response, request, context) => {
      const nth = handshakes;
      handshakes += 1;
      if (refuse?.(nth, response) === true) return;
      response.upgrade({ nth }, request.getHeader("sec-websocket-key"), "drawchat.v2", "", context);
    },
    message: (socket, bytes) => {
      const frame: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
      if (typeof frame !== "object" || frame === null) throw new TypeError("a frame is an object");
      heard.push([nthOf(socket), { ...frame }]);
      onFrame?.(socket, { ...frame });
    },
  });
  const listening = await new Promise<uWS.us_listen_socket | false>((resolve) => app.listen("127.0.0.1", 0, resolve));
  if (listening === false) throw new Error("no port");
  cleanups.push(() => app.close());
  return { port: uWS.us_socket_local_port(listening), heard };
}

function begin(port: number, dialect: DialectName = "v2") {
  const [tally, sends, accounts] = [new Tally(), new Sends(), new Accounts(RUN, 1)];
  const road = { host: "127.0.0.1", port, name: "gateway-1" };
  const seat = { token: "t", session: 42 };
  const client = new LoadClient(
    { sender: SENDER, account: 0, seat, dialect: DIALECTS[dialect], roads: [road], localAddress: undefined },
    { run: RUN, chunk: Buffer.alloc(65_536), tally, sends, accounts },
  );
  cleanups.push(() => client.leave());
  client.connect();
  return { client, tally, sends };
}

test("a client that is sent away comes back when it was told to, resumes where it stood, and says again what had no answer", async () => {
  const server = await serve({
    onFrame: (socket, frame) => {
      const isBack = nthOf(socket) === 1;
      if (frame.type === "hello") say(socket, welcome(isBack ? 102 : 101));
      else if (isBack) say(socket, { type: "ack", client_id: frame.client_id, id: 103, duplicate: true });
      else {
        say(socket, { type: "batch", after: 101, upto: 102, events: [] });
        say(socket, { type: "reconnect", after_ms: 30 });
        socket.end(1012, "gateway is restarting");
      }
    },
  });
  const { client, tally, sends } = begin(server.port);
  await expect.poll(() => client.state).toBe("joined");
  client.speak(nowUs(), 60);
  await expect.poll(() => tally.counts.acked).toBe(1);

  const message = { type: "message", client_id: loadClientId(RUN, SENDER, 0), message: expect.stringMatching(/^~7\.3\.0\..*\.$/) };
  expect(server.heard).toEqual([
    [0, { type: "hello" }],
    [0, message],
    [1, { type: "hello", since: { epoch: "e1", id: 102 } }],
    [1, { ...message, resend: true }],
  ]);
  expect(tally.named.closes).toEqual({ 1012: 1 });
  expect(tally.counts).toMatchObject({ joins: 1, rejoins: 1, planned: 1, sent: 1, resent: 1, heldBack: 0, duplicates: 1 });
  expect(sends.take()).toMatchObject([{ room: "s42", version: 2, sent: [SENDER, 0, SENDER, 0], acks: [SENDER, 0, 103, 1], refusals: [] }]);
});

test("a message that may not have been accepted is said again on the same socket, one that was refused is not", async () => {
  const server = await serve({
    onFrame: (socket, { type, client_id }) => {
      if (type === "hello") say(socket, welcome(101));
      else if (server.heard.length === 2) say(socket, { type: "error", code: "unavailable", message: "", client_id, retry_after_ms: 5 });
      else say(socket, { type: "error", code: "rate_limited", message: "", client_id });
    },
  });
  const { client, tally, sends } = begin(server.port);
  await expect.poll(() => client.state).toBe("joined");
  client.speak(nowUs(), 60);
  await expect.poll(() => client.sayings.count).toBe(0);
  expect(server.heard[2]).toEqual(server.heard[1]);
  expect(tally.named.errors).toEqual({ unavailable: 1, rate_limited: 1 });
  expect(sends.take()).toMatchObject([{ refusals: [[SENDER, 0, "rate_limited"]], acks: [], unanswered: [] }]);
});

/** What the ledger says at `accepted` when the run ends now, and none of its messages was seen anywhere. */
function acceptedAtTheEnd({ client, sends }: ReturnType<typeof begin>, us = nowUs()) {
  client.sayings.giveUp(us);
  const nowhere = { logged: [], sampled: new Set<number>(), trails: [], receipts: [], stored: [], deadLetters: new Set<number>() };
  const { skipped, lost } = certifyRoom(RUN, { room: "s42", sends: sends.take(), ...nowhere }).hops[1] ?? {};
  return { skipped, lost };
}

test("what has no answer at the end is lost where its connection lasts, also where it was said again, and unanswered where that ended", async () => {
  const server = await serve({ onFrame: (socket, { type }) => type === "hello" && say(socket, welcome(101)) });
  const run = begin(server.port);
  await expect.poll(() => run.client.state).toBe("joined");
  run.client.speak(nowUs(), 60);
  expect(acceptedAtTheEnd(run)).toEqual({ skipped: {}, lost: 1 });

  const back = begin(server.port);
  await expect.poll(() => back.client.state).toBe("joined");
  back.client.speak(nowUs(), 60);
  back.client.drop();
  await expect.poll(() => back.tally.counts.resent).toBe(1);
  expect(acceptedAtTheEnd(back)).toEqual({ skipped: {}, lost: 1 });

  const gone = begin(server.port);
  await expect.poll(() => gone.client.state).toBe("joined");
  gone.client.speak(nowUs(), 60);
  gone.client.leave();
  await expect.poll(() => gone.client.state).toBe("gone");
  expect(acceptedAtTheEnd(gone)).toEqual({ skipped: { unanswered: 1 }, lost: 0 });
});

test("what was put off until the end is told by the code of its last answer, unless it was said again long ago", async () => {
  let answers = 0;
  const server = await serve({
    onFrame: (socket, { type, client_id }) => {
      if (type === "hello") say(socket, welcome(101));
      else if (answers < 2) say(socket, { type: "error", code: "busy", message: "", client_id, retry_after_ms: 5 });
      answers += type === "hello" ? 0 : 1;
    },
  });
  for (const [later, told] of [
    [0, { skipped: { busy: 1 }, lost: 0 }],
    [6_000_000, { skipped: {}, lost: 1 }],
  ] as const) {
    answers = 0;
    const run = begin(server.port);
    await expect.poll(() => run.client.state).toBe("joined");
    run.client.speak(nowUs(), 60);
    // The third time it has no answer.
    await expect.poll(() => run.tally.counts.resent).toBe(2);
    expect(acceptedAtTheEnd(run, nowUs() + later)).toEqual(told);
  }
});

test("what is due while the socket is away is held back until it is there", async () => {
  const server = await serve({
    onFrame: (socket, { type, client_id }) => say(socket, type === "hello" ? welcome(101) : { type: "ack", client_id, id: 102 }),
  });
  const { client, tally } = begin(server.port);
  client.speak(nowUs(), 60);
  expect(tally.counts).toMatchObject({ planned: 1, sent: 0, heldBack: 0 });
  await expect.poll(() => tally.counts.acked).toBe(1);
  expect(tally.counts).toMatchObject({ planned: 1, sent: 1, resent: 0, heldBack: 1 });
});

test("a server that is full is asked again, one that says no is not", async () => {
  const full = await serve({
    refuse: (nth, response) => {
      if (nth < 2) response.writeStatus("503 Service Unavailable").writeHeader("Retry-After", "0").end();
      return nth < 2;
    },
    onFrame: (socket) => say(socket, welcome(101)),
  });
  const patient = begin(full.port);
  await expect.poll(() => patient.client.state).toBe("joined");
  expect(patient.tally.named).toMatchObject({ refusals: { 503: 2 }, closes: {}, failures: {} });

  const closed = await serve({
    refuse: (_, response) => {
      response.writeStatus("403 Forbidden").end();
      return true;
    },
  });
  const refused = begin(closed.port);
  await expect.poll(() => refused.client.state).toBe("gone");
  expect(refused.tally.named.refusals).toEqual({ 403: 1 });

  const final = await serve({ onFrame: (socket) => void socket.end(4509, "a newer socket of the same user took its place") });
  const replaced = begin(final.port);
  await expect.poll(() => replaced.client.state).toBe("gone");
  expect(replaced.tally.named.closes).toEqual({ 4509: 1 });
});

test("version 1 says nothing without a socket, and hears nothing of what it said", async () => {
  const server = await serve({ onFrame: (socket) => void socket.close() });
  const { client, tally, sends } = begin(server.port, "v1");
  client.speak(nowUs(), 60);
  await expect.poll(() => client.state).toBe("joined");
  client.speak(nowUs(), 60);
  await expect.poll(() => tally.counts.rejoins, { timeout: 5_000 }).toBe(1);
  expect(server.heard).toEqual([[0, { type: "message", message: expect.stringContaining("~7.3.1.") }]]);
  expect(tally.counts).toMatchObject({ planned: 2, sent: 1, resent: 0, heldBack: 0 });
  expect(sends.take()).toMatchObject([{ room: "s42", version: 1, unsent: [SENDER, 0], sent: [SENDER, 1], unanswered: [SENDER, 1] }]);
});
