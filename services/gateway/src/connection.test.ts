import { expect, test } from "vitest";
import { Connection, type FrameHandler, type Wire } from "./connection.ts";

/** A socket that notes what it is told, as uWebSockets' would be. */
function stage() {
  const said: string[] = [];
  const wire: Wire = {
    send: (message) => said.push(message.toString()),
    end: (code) => said.push(`end ${code}`),
    subscribe: () => true,
    unsubscribe: () => true,
    getBufferedAmount: () => 0,
  };
  const handshake = { path: { kind: "session", sessionId: 1 } as const, version: 2 as const, token: "", subprotocol: undefined };
  const connection = new Connection(wire, handshake, { onClose: () => undefined, onDropped: () => undefined, onSent: () => undefined });
  const handled: string[] = [];
  const note: FrameHandler = (_connection, bytes) => {
    handled.push(bytes.toString());
    return undefined;
  };
  return { connection, said, handled, note };
}

const frames = (count: number, bytes = 10) => Array.from({ length: count }, (_, i) => Buffer.from(String(i).padEnd(bytes, ".")));

test("eight frames wait for the join and are handled in order, copied from bytes that are gone by then", () => {
  const { connection, handled, note } = stage();
  const all = frames(8);
  for (const frame of all) {
    connection.receive(frame, note);
    frame.fill(0);
  }
  expect(handled).toEqual([]);
  connection.resume(note);
  expect(handled).toEqual(frames(8).map(String));
});

test("a ninth frame, or more than 16 KB, before the join is a flood", () => {
  for (const early of [frames(9), frames(5, 4_096)]) {
    const { connection, said, note } = stage();
    for (const frame of early) connection.receive(frame, note);
    expect(said).toEqual(["end 4029"]);
  }
});

test("behind a frame that must ask somebody sixty may wait, and their order holds", async () => {
  const { connection, said, handled, note } = stage();
  const answered = Promise.withResolvers<void>();
  const handle: FrameHandler = (from, bytes) => (bytes.toString() === "asks" ? answered.promise : note(from, bytes));
  connection.resume(handle);
  connection.isGreeted = true;
  for (const frame of [Buffer.from("asks"), ...frames(60, 4_096)]) connection.receive(frame, handle);
  expect([said, handled]).toEqual([[], []]);
  answered.resolve();
  await answered.promise;
  expect(handled).toEqual(frames(60, 4_096).map(String));
});

test("a sixty-first frame behind one that asks is a flood", () => {
  const { connection, said, note } = stage();
  connection.resume(note);
  connection.isGreeted = true;
  for (const frame of frames(62)) connection.receive(frame, () => new Promise(() => undefined));
  expect(said).toEqual(["end 4029"]);
});

test("a socket that ended is told nothing more", () => {
  const { connection, said } = stage();
  connection.end("drain");
  connection.end("flood");
  connection.send("late");
  connection.sendError("busy");
  expect([said, connection.isAlive, connection.bufferedAmount()]).toEqual([["end 1012"], false, 0]);
});

test("a socket that ended handles nothing of what waited", () => {
  const { connection, handled, note } = stage();
  for (const frame of frames(3)) connection.receive(frame, note);
  connection.end("token");
  connection.resume(note);
  expect(handled).toEqual([]);
});
