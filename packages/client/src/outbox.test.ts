import { expect, test } from "vitest";
import { Outbox, type OwnMessage } from "./outbox.ts";

function makeOutbox() {
  const changes: OwnMessage[] = [];
  const outbox = new Outbox({ onChange: (message) => changes.push(message), random: () => 1 });
  outbox.restart(0); // the first welcome
  const states = (clientId: string) => changes.filter((message) => message.clientId === clientId).map((message) => message.status.state);
  const send = (now: number) => outbox.takeDue(now, 10).map(({ clientId, resend }) => (resend ? `${clientId}!` : clientId));
  return { outbox, states, send, changes };
}

test("a message goes pending, accepted, stored and is let go", () => {
  const { outbox, states, send } = makeOutbox();
  outbox.add("a", { text: "hello" }, 0);
  expect(send(0)).toEqual(["a"]);
  outbox.onAck({ client_id: "a", id: 7 });
  outbox.onStored(6);
  expect(outbox.messages.map((message) => message.id)).toEqual([7]);
  outbox.onStored(7);
  expect(states("a")).toEqual(["pending", "accepted", "stored"]);
  expect(outbox.size).toBe(0);
});

test("after a lost acknowledgement everything goes out again in its order, marked as resent", () => {
  const { outbox, send } = makeOutbox();
  for (const clientId of ["a", "b", "c"]) outbox.add(clientId, { text: clientId }, 0);
  send(0);
  outbox.onAck({ client_id: "b", id: 5 });
  outbox.restart(9); // recovered, and b was seen in the room
  outbox.add("d", { text: "d" }, 1);
  expect(send(1)).toEqual(["a!", "c!", "d"]);
});

test("a recovery does not vouch for an acknowledged message that was never seen in the room", () => {
  const { outbox, send } = makeOutbox();
  outbox.add("a", { text: "a" }, 0);
  outbox.add("b", { text: "b" }, 0);
  send(0);
  outbox.onAck({ client_id: "a", id: 8 });
  outbox.onAck({ client_id: "b", id: 12 });
  outbox.restart(10);
  expect(send(1)).toEqual(["b!"]);
});

test("a reset sends again what is not stored, and only that", () => {
  const { outbox, send } = makeOutbox();
  for (const clientId of ["a", "b", "c"]) outbox.add(clientId, { text: clientId }, 0);
  send(0);
  outbox.onAck({ client_id: "a", id: 1 });
  outbox.onAck({ client_id: "b", id: 2 });
  outbox.onStored(1);
  outbox.restart(0);
  expect(send(1)).toEqual(["b!", "c!"]);
});

test("stored does not cover a message whose acknowledgement a reset took back", () => {
  const { outbox, states } = makeOutbox();
  outbox.add("a", { text: "a" }, 0);
  outbox.takeDue(0, 1);
  outbox.onAck({ client_id: "a", id: 5 });
  outbox.restart(0);
  outbox.onStored(100);
  expect(states("a")).toEqual(["pending", "accepted", "pending"]);
});

test("an acknowledgement that comes after the stored that covers it settles the message", () => {
  const { outbox, states } = makeOutbox();
  for (const clientId of ["a", "b"]) outbox.add(clientId, { text: clientId }, 0);
  outbox.onStored(7);
  outbox.onStored(6); // a late one takes nothing back
  outbox.onAck({ client_id: "a", id: 7 });
  outbox.onAck({ client_id: "b", id: 8 });
  expect([states("a"), states("b")]).toEqual([
    ["pending", "accepted", "stored"],
    ["pending", "accepted"],
  ]);
  expect(outbox.messages.map((message) => message.clientId)).toEqual(["b"]);
});

test("stored from before a reset does not cover what is acknowledged after it", () => {
  const { outbox, states } = makeOutbox();
  outbox.add("a", { text: "a" }, 0);
  outbox.onStored(100);
  outbox.restart(0);
  outbox.onAck({ client_id: "a", id: 50 });
  expect(states("a")).toEqual(["pending", "accepted"]);
});

test("a message first sent over ten minutes ago is marked as resent", () => {
  const { outbox, send } = makeOutbox();
  outbox.add("a", { text: "a" }, 0);
  expect(send(0)).toEqual(["a"]);
  expect(send(15_000)).toEqual(["a"]);
  expect(send(10 * 60_000 + 1)).toEqual(["a!"]);
});

test("busy is repeated by itself, later each time, and later messages wait behind it", () => {
  const { outbox, states, send } = makeOutbox();
  outbox.add("a", { text: "a" }, 0);
  send(0);
  outbox.onRefused("a", { code: "busy", retryAfterMs: 200 }, 0);
  outbox.add("b", { text: "b" }, 0);
  expect(outbox.nextDueAt).toBe(700);
  expect(send(699)).toEqual([]);
  expect(send(700)).toEqual(["a", "b"]);
  outbox.onRefused("a", { code: "unavailable" }, 700);
  expect(outbox.nextDueAt).toBe(1_700);
  expect(states("a")).toEqual(["pending"]);
});

test("six messages are on their way at once, the next follows an answer", () => {
  const { outbox, send } = makeOutbox();
  for (let i = 0; i < 8; i += 1) outbox.add(`m${i}`, { text: "text" }, 0);
  expect(send(0)).toEqual(["m0", "m1", "m2", "m3", "m4", "m5"]);
  expect(send(1)).toEqual([]);
  expect(outbox.nextDueAt).toBe(15_000);
  outbox.onAck({ client_id: "m2", id: 1 });
  expect(send(1)).toEqual(["m6"]);
});

test("rate_limited is shown to the person and repeated only when they ask", () => {
  const { outbox, send, changes } = makeOutbox();
  outbox.add("a", { text: "a" }, 0);
  send(0);
  outbox.onRefused("a", { code: "rate_limited", retryAfterMs: 3_000 }, 0);
  expect(changes.at(-1)?.status).toEqual({ state: "failed", code: "rate_limited", retryable: true, retryAfterMs: 3_000 });
  expect(send(60_000)).toEqual([]);
  outbox.retry("a");
  expect(send(60_000)).toEqual(["a"]);
});

test("rate_limited for a message that was accepted before a reset is repeated by itself", () => {
  const { outbox, states, send } = makeOutbox();
  outbox.add("a", { text: "a" }, 0);
  send(0);
  outbox.onAck({ client_id: "a", id: 5 });
  outbox.restart(0);
  send(1);
  outbox.onRefused("a", { code: "rate_limited", retryAfterMs: 1_000 }, 1);
  expect(states("a").at(-1)).toBe("pending");
  expect(send(5_000)).toEqual(["a!"]);
});

test("a refusal for good is failed and not retryable", () => {
  const { outbox, changes } = makeOutbox();
  outbox.add("a", { text: "a" }, 0);
  outbox.onRefused("a", { code: "too_long" }, 0);
  expect(changes.at(-1)?.status).toEqual({ state: "failed", code: "too_long", retryable: false });
});

test("an accepted message that is rejected later is failed", () => {
  const { outbox, changes } = makeOutbox();
  outbox.add("a", { text: "a" }, 0);
  outbox.onAck({ client_id: "a", id: 5 });
  outbox.onRejected("a", "bad_text");
  expect(changes.at(-1)?.status).toEqual({ state: "failed", code: "bad_text", retryable: false });
});

test("what a page left behind is taken up by the next one, marked as resent where it had been sent", () => {
  const { outbox, send } = makeOutbox();
  outbox.add("a", { text: "sent" }, 0);
  send(0);
  outbox.add("b", { text: "not sent" }, 0);
  const next = makeOutbox();
  next.outbox.restore(outbox.serialize());
  expect(next.send(1)).toEqual(["a!", "b"]);
});

test("a storage that holds something else is passed over", () => {
  const { outbox } = makeOutbox();
  for (const text of ["", "no json", "{}", '[1,{"clientId":"a"}]']) outbox.restore(text);
  expect(outbox.size).toBe(0);
});
