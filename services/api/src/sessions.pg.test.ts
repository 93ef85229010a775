import { Session, SessionPage } from "@drawchat/protocol/rest";
import { keys } from "@drawchat/redis/keys";
import { readRoom } from "@drawchat/redis/room-state";
import Value from "typebox/value";
import { beforeEach, describe, expect, test } from "vitest";
import { post, testApi, testStores } from "./test-api.ts";

const { parts, call, database, redis, restorer } = await testApi(await testStores());
const admin = { roles: ["admin" as const], user: 99 };
const at = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();

beforeEach(async () => {
  await database.db.deleteFrom("live_chat_sessions").execute();
  parts.sessions.forget();
});

async function create(body: object): Promise<Session> {
  const answer = await call("POST /live-chat/sessions", { ...admin, body });
  expect(answer.status).toBe(201);
  if (!Value.Check(Session, answer.body)) throw new Error("not a session");
  return answer.body;
}

function daily(drawAt: Date, state: "scheduled" | "cancelled" = "scheduled") {
  const window = { opens_at: new Date(drawAt.getTime() - 60_000), closes_at: new Date(drawAt.getTime() + 60_000) };
  const values = { kind: "daily" as const, draw_date: drawAt.toISOString().slice(0, 10), draw_at: drawAt, ...window, state };
  return database.db.insertInto("live_chat_sessions").values(values).returning("id").executeTakeFirstOrThrow();
}

describe("making a session", () => {
  test("has the window of the settings, or of the call", async () => {
    const draw_at = at(0);
    expect(await create({ draw_at })).toMatchObject({ draw_at, state: "open", is_active: true, total_likes: 0, winners: [] });
    const other = at(48);
    const session = await create({ draw_at: other, pre_hours: 0.5, post_hours: 2 });
    expect(Date.parse(other) - Date.parse(session.opens_at)).toBe(1_800_000);
    expect(Date.parse(session.closes_at) - Date.parse(other)).toBe(7_200_000);
    expect(session.state).toBe("scheduled");
  });

  test("an offset of draw_at is the same instant in UTC", async () => {
    expect((await create({ draw_at: "2031-05-01T20:00:00+02:00" })).draw_at).toBe("2031-05-01T18:00:00.000Z");
  });

  test("at the instant of another explicit session is 409", async () => {
    const draw_at = at(3);
    await create({ draw_at });
    expect((await call("POST /live-chat/sessions", { ...admin, body: { draw_at } })).body).toMatchObject({ status: 409, code: "conflict" });
  });

  test("at the instant of a cancelled one brings that one back, without its winners", async () => {
    const { session_id: id, draw_at } = await create({ draw_at: at(2) });
    await restorer.restore(`s${id}`);
    await call(`PUT /live-chat/sessions/${id}/winners/7`, admin);
    await call(`POST /live-chat/sessions/${id}/cancel`, admin);
    expect(await create({ draw_at, pre_hours: 3 })).toMatchObject({ session_id: id, state: "open", winners: [] });
    expect((await readRoom(redis, `s${id}`))?.policy).toMatchObject({ state: "open", winners: [] });
  });

  test("replaces the daily session of the same date", async () => {
    const day = new Date("2031-05-02T20:00:00Z");
    const { id } = await daily(day);
    await create({ draw_at: "2031-05-02T21:00:00Z" });
    const row = await database.db
      .selectFrom("live_chat_sessions")
      .select(["state", "policy_version"])
      .where("id", "=", id)
      .executeTakeFirst();
    expect(row).toEqual({ state: "cancelled", policy_version: 2 });
  });

  test("at the instant of the daily session makes that one explicit", async () => {
    const day = new Date("2031-05-03T20:00:00Z");
    const { id } = await daily(day);
    expect(await create({ draw_at: day.toISOString() })).toMatchObject({ session_id: id, state: "scheduled" });
    const rows = await database.db.selectFrom("live_chat_sessions").select("kind").execute();
    expect(rows).toEqual([{ kind: "explicit" }]);
  });

  test.each([
    ["nothing", {}],
    ["no instant", { draw_at: "tomorrow" }],
    ["a local time", { draw_at: "2031-05-01T20:00:00" }],
    ["a far year", { draw_at: "9999-05-01T20:00:00Z" }],
    ["negative hours", { draw_at: at(1), pre_hours: -1 }],
    ["hours beyond a week", { draw_at: at(1), post_hours: 1e9 }],
    ["hours as text", { draw_at: at(1), pre_hours: "1" }],
    ["a window without length", { draw_at: at(1), pre_hours: 0, post_hours: 0 }],
    ["an unknown field", { draw_at: at(1), winner: 1 }],
    ["a list", []],
    ["a key twice", `{"draw_at":"${at(1)}","draw_at":"${at(2)}"}`],
    ["no JSON", "{"],
    ["an empty body", ""],
  ])("%s is refused", async (_what, body) => {
    expect((await call("POST /live-chat/sessions", { ...admin, body })).body).toMatchObject({ status: 400, code: "bad_request" });
  });
});

describe("listing sessions", () => {
  test("goes from the newest back, page by page", async () => {
    const ids: number[] = [];
    for (let i = 0; i < 5; i++) ids.unshift((await create({ draw_at: at(100 + i) })).session_id);
    const seen: number[] = [];
    for (let next: number | null = null; ; ) {
      const query: string = next === null ? "" : `&before=${next}`;
      const { body } = await call(`GET /live-chat/sessions?limit=2${query}`, admin);
      if (!Value.Check(SessionPage, body)) throw new Error("not a page of sessions");
      seen.push(...body.sessions.map((session) => session.session_id));
      next = body.next_before;
      if (next === null) break;
    }
    expect(seen).toEqual(ids);
  });
});

describe("listing sessions by state", () => {
  test("gives those that are in it now, whatever their rows say yet", async () => {
    const open = await create({ draw_at: at(0) });
    const over = await create({ draw_at: at(-9) });
    const coming = await create({ draw_at: at(9) });
    const cancelled = await create({ draw_at: at(19) });
    await call(`POST /live-chat/sessions/${cancelled.session_id}/cancel`, admin);
    await database.db.updateTable("live_chat_sessions").set({ state: "open" }).where("id", "=", over.session_id).execute();
    for (const [state, session] of [
      ["open", open] as const,
      ["closed", over] as const,
      ["scheduled", coming] as const,
      ["cancelled", cancelled] as const,
    ]) {
      const { body } = await call(`GET /live-chat/sessions?state=${state}`, admin);
      if (!Value.Check(SessionPage, body)) throw new Error("not a page of sessions");
      expect(body.sessions.map(({ session_id }) => session_id)).toEqual([session.session_id]);
    }
  });

  test.each(["limit=0", "limit=101", "limit=1&limit=2", "before=0", "before=x", "state=no_draw", "state="])("?%s is 400", async (query) => {
    expect((await call(`GET /live-chat/sessions?${query}`, admin)).status).toBe(400);
  });
});

describe("closing a session", () => {
  test("is told to Redis with the next version, and once more is 200 without a change", async () => {
    const { session_id: id } = await create({ draw_at: at(0) });
    await restorer.restore(`s${id}`);
    const first = await call(`POST /live-chat/sessions/${id}/close`, admin);
    expect(first.body).toMatchObject({ session_id: id, state: "closed", is_active: false });
    expect((await readRoom(redis, `s${id}`))?.policy).toMatchObject({ state: "closed", version: 2 });
    const again = await call(`POST /live-chat/sessions/${id}/close`, admin);
    expect({ status: again.status, body: again.body }).toEqual({ status: 200, body: first.body });
    expect((await call("GET /live-chat/status")).body).toMatchObject({ state: "closed" });
  });

  test("leaves a job in the same transaction that tells Redis again", async () => {
    const { session_id: id } = await create({ draw_at: at(0) });
    await call(`POST /live-chat/sessions/${id}/close`, admin);
    const { rows } = await database.pool.query(`SELECT key FROM graphile_worker.jobs WHERE key = 'apply_policy:${id}'`);
    expect(rows).toHaveLength(1);
  });

  test("of an unknown one is 404, of a cancelled one 409", async () => {
    for (const id of ["999999", "abc", "0"]) {
      expect((await call(`POST /live-chat/sessions/${id}/close`, admin)).body).toMatchObject({ status: 404, code: "session_not_found" });
    }
    const { id } = await daily(new Date("2031-06-01T20:00:00Z"), "cancelled");
    expect((await call(`POST /live-chat/sessions/${id}/close`, admin)).status).toBe(409);
  });
});

describe("moving a session", () => {
  const patch = (id: number | string, body: unknown) => call(`PATCH /live-chat/sessions/${id}`, { ...admin, body });

  test("takes its hours along, and tells Redis, whose keys stay as long as the new end wants", async () => {
    const { session_id: id } = await create({ draw_at: "2031-05-01T20:00:00Z", pre_hours: 0.5, post_hours: 2 });
    await restorer.restore(`s${id}`);
    const { status, body } = await patch(id, { draw_at: "2031-05-01T21:30:00+00:00" });
    const times = { opens_at: "2031-05-01T21:00:00.000Z", draw_at: "2031-05-01T21:30:00.000Z", closes_at: "2031-05-01T23:30:00.000Z" };
    expect({ status, body }).toMatchObject({ status: 200, body: { session_id: id, state: "scheduled", ...times } });
    const policy = (await readRoom(redis, `s${id}`))?.policy;
    expect(policy).toMatchObject({ version: 2, opensMs: Date.parse(times.opens_at), closesMs: Date.parse(times.closes_at) });
    expect(await redis.pexpiretime(keys.room(`s${id}`))).toBe(Date.parse(times.closes_at) + 86_400_000);
  });

  test("keeps what is not named, also the sets of who liked which message", async () => {
    const { session_id: id, draw_at, opens_at } = await create({ draw_at: at(0) });
    await restorer.restore(`s${id}`);
    const [messageId = 0] = await post(parts.acceptor, id, ["liked"]);
    await parts.acceptor.like({ room: `s${id}`, target: `${messageId}`, userId: 5 });
    const { body } = await patch(id, { post_hours: 3 });
    const closesMs = Date.parse(draw_at) + 3 * 3_600_000;
    expect(body).toMatchObject({ draw_at, opens_at, closes_at: new Date(closesMs).toISOString(), state: "open" });
    for (const key of [keys.history(`s${id}`), keys.liked(`s${id}`, `${messageId}`)]) {
      expect(await redis.pexpiretime(key)).toBe(closesMs + 86_400_000);
    }
  });

  test("twice alike changes nothing the second time", async () => {
    const { session_id: id } = await create({ draw_at: at(5) });
    const first = await patch(id, { pre_hours: 4 });
    expect(await patch(id, { pre_hours: 4 })).toMatchObject({ status: 200, body: first.body });
    const row = await database.db.selectFrom("live_chat_sessions").select("policy_version").where("id", "=", id).executeTakeFirst();
    expect(row?.policy_version).toBe(2);
  });

  test("out of its window closes it to messages, back into it opens it again", async () => {
    const { session_id: id } = await create({ draw_at: at(0) });
    await restorer.restore(`s${id}`);
    await patch(id, { draw_at: at(30) });
    await expect(post(parts.acceptor, id, ["too early"])).rejects.toThrow("chat_closed");
    await patch(id, { draw_at: at(0.5) });
    expect(await post(parts.acceptor, id, ["now"])).toHaveLength(1);
  });

  test("is done until its end, and 409 from then on, also while its row still says open", async () => {
    const { session_id: id } = await create({ draw_at: at(-0.5) });
    expect(await patch(id, { post_hours: 2 })).toMatchObject({ status: 200, body: { state: "open" } });
    const { session_id: over } = await create({ draw_at: at(-5) });
    await database.db.updateTable("live_chat_sessions").set({ state: "open", is_active: true }).where("id", "=", over).execute();
    for (const body of [{ post_hours: 9 }, { draw_at: at(9) }]) {
      expect((await patch(over, body)).body).toMatchObject({ status: 409, code: "conflict", detail: "The session is over." });
    }
  });

  test("of an unknown one is 404; closed, cancelled, taken and ended are 409", async () => {
    for (const id of ["999999", "abc"]) {
      expect((await patch(id, { pre_hours: 1 })).body).toMatchObject({ status: 404, code: "session_not_found" });
    }
    const other = await create({ draw_at: at(60) });
    const { session_id: id } = await create({ draw_at: at(2) });
    const conflict = { status: 409, body: { code: "conflict" } };
    expect(await patch(id, { draw_at: other.draw_at })).toMatchObject(conflict);
    expect(await patch(id, { draw_at: at(-3) })).toMatchObject(conflict);
    await call(`POST /live-chat/sessions/${id}/close`, admin);
    expect(await patch(id, { post_hours: 2 })).toMatchObject(conflict);
    await call(`POST /live-chat/sessions/${other.session_id}/cancel`, admin);
    expect(await patch(other.session_id, { post_hours: 2 })).toMatchObject(conflict);
  });

  test("to one instant by many at once is done for one of them", async () => {
    const sessions = await Promise.all([10, 11, 12].map((hours) => create({ draw_at: at(hours) })));
    const draw_at = at(20);
    const answers = await Promise.all(sessions.map(({ session_id }) => patch(session_id, { draw_at })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
  });

  test.each([
    ["nothing", {}],
    ["an unknown field", { draw_at: at(1), state: "open" }],
    ["a far year", { draw_at: "9999-05-01T20:00:00Z" }],
    ["no instant", { draw_at: "later" }],
    ["hours as text", { pre_hours: "1" }],
    ["negative hours", { post_hours: -1 }],
    ["null", { draw_at: null }],
    ["a window without length", { pre_hours: 0, post_hours: 0 }],
    ["an empty body", ""],
  ])("with %s is 400", async (_what, body) => {
    const { session_id: id } = await create({ draw_at: at(2) });
    expect((await patch(id, body)).body).toMatchObject({ status: 400, code: "bad_request" });
  });
});

describe("cancelling a session", () => {
  const cancel = (id: number | string) => call(`POST /live-chat/sessions/${id}/cancel`, admin);

  test("is told to Redis, and once more is 200 without a change", async () => {
    const { session_id: id } = await create({ draw_at: at(0) });
    await restorer.restore(`s${id}`);
    const first = await cancel(id);
    expect(first).toMatchObject({ status: 200, body: { session_id: id, state: "cancelled", is_active: false } });
    expect((await readRoom(redis, `s${id}`))?.policy).toMatchObject({ state: "cancelled", version: 2 });
    await expect(post(parts.acceptor, id, ["hello"])).rejects.toThrow("chat_closed");
    expect(await cancel(id)).toMatchObject({ status: 200, body: first.body });
    expect((await call("GET /live-chat/status")).body).toMatchObject({ state: "no_draw" });
  });

  test("of an unknown one is 404, of one that is over 409", async () => {
    for (const id of ["999999", "abc"]) expect((await cancel(id)).body).toMatchObject({ status: 404, code: "session_not_found" });
    const { session_id: closed } = await create({ draw_at: at(0) });
    await call(`POST /live-chat/sessions/${closed}/close`, admin);
    const { session_id: over } = await create({ draw_at: at(-5) });
    expect([(await cancel(closed)).status, (await cancel(over)).status]).toEqual([409, 409]);
  });
});

test("sessions side by side are open, liked and closed each for itself", async () => {
  const ids: number[] = [];
  for (const hours of [-0.5, 0, 0.5]) ids.push((await create({ draw_at: at(hours) })).session_id);
  const [a = 0, b = 0, c = 0] = ids;
  for (const id of ids) await restorer.restore(`s${id}`);
  for (const id of ids) await post(parts.acceptor, id, [`to ${id}`]);
  await call(`POST /live-chat/sessions/${a}/close`, admin);
  await call(`PATCH /live-chat/sessions/${b}`, { ...admin, body: { draw_at: at(50) } });
  await expect(post(parts.acceptor, a, ["closed"])).rejects.toThrow("chat_closed");
  await expect(post(parts.acceptor, b, ["moved"])).rejects.toThrow("chat_closed");
  await post(parts.acceptor, c, ["still open"]);
  const messages = async (id: number) => (await call(`GET /live-chat/messages?session_id=${id}`)).body;
  expect(await messages(c)).toMatchObject({ messages: [{ message: `to ${c}` }, { message: "still open" }] });
  expect(await messages(b)).toMatchObject({ messages: [{ message: `to ${b}` }] });
  expect((await call("GET /live-chat/status")).body).toMatchObject({ session_id: c, state: "open" });
});

describe("winners", () => {
  test("are added and taken out, each as often as one likes", async () => {
    const { session_id: id } = await create({ draw_at: at(0) });
    for (const [method, winners] of [["PUT", [7]] as const, ["PUT", [7]] as const, ["DELETE", []] as const, ["DELETE", []] as const]) {
      const answer = await call(`${method} /live-chat/sessions/${id}/winners/7`, admin);
      expect({ status: answer.status, text: answer.text }).toEqual({ status: 204, text: "" });
      const { body } = await call("GET /live-chat/sessions", admin);
      expect(body).toMatchObject({ sessions: [{ winners }] });
    }
    expect((await call("PUT /live-chat/sessions/999999/winners/7", admin)).status).toBe(404);
  });

  test("are 1,000 at most, also where several are added at once", async () => {
    const { session_id: id } = await create({ draw_at: at(0) });
    const winners = Array.from({ length: 999 }, (_, n) => n + 1);
    await database.db.updateTable("live_chat_sessions").set({ winners }).where("id", "=", id).execute();
    const put = (userId: number) => call(`PUT /live-chat/sessions/${id}/winners/${userId}`, admin);
    const answers = await Promise.all([2_001, 2_002, 2_003].map(put));
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 409, 409]);
    expect(answers.find(({ status }) => status === 409)?.body).toMatchObject({
      code: "conflict",
      detail: "A session has at most 1000 winners.",
    });
    expect((await put(5)).status).toBe(204); // is one already
    await call(`DELETE /live-chat/sessions/${id}/winners/5`, admin);
    expect((await put(2_004)).status).toBe(204);
  });
});
