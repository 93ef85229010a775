/** Who gets which files and how, and what bounds there are for those who send them. */
import { randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import { Metrics } from "@drawchat/runtime/metrics";
import { fullDiskStore } from "@drawchat/testkit/full-disk";
import { blackPng } from "@drawchat/testkit/pngs";
import { afterAll, describe, expect, test } from "vitest";
import { FORM_TYPE, filePart, form } from "../test/form.ts";
import { ANN, asBen, BOB, EVE, testUploads } from "../test/uploads.ts";
import { buildPrivateServer } from "./private-server.ts";
import { type Answer, type Call, testApi, tokenOf } from "./test-api.ts";

const uploads = await testUploads();
const { db } = uploads.api.database;
const png = blackPng(40, 30);

describe("on a real socket", async () => {
  await uploads.api.app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = uploads.api.app.server.address() as AddressInfo;
  const token = await tokenOf(ANN);

  /** Resolves with all that came back once the server has closed. */
  function answerTo(headers: readonly string[], body?: Buffer): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, "127.0.0.1", () => {
        const lines = [`POST /uploads?conversation_id=${uploads.conversationId} HTTP/1.1`, "Host: x", `Authorization: Bearer ${token}`];
        socket.write([...lines, `Content-Type: ${FORM_TYPE}`, ...headers, "", ""].join("\r\n"));
        if (body !== undefined) socket.write(body);
      });
      let answer = "";
      socket.setEncoding("utf8").on("data", (text: string) => {
        answer += text;
      });
      socket.on("error", (error: NodeJS.ErrnoException) => (/EPIPE|ECONNRESET/.test(error.code ?? "") ? undefined : reject(error)));
      socket.on("close", () => resolve(answer));
    });
  }

  test("more than 10 MiB are 413 before a byte is read; much more, and the connection ends", async () => {
    expect(await answerTo(["Content-Length: 100000000"])).toMatch(/^HTTP\/1.1 413 [\s\S]*connection: close[\s\S]*"code":"too_large"/i);
    const some = Buffer.alloc(20_000_000);
    const answer = await answerTo([`Content-Length: ${some.length}`, "Connection: close"], some);
    expect(answer).toMatch(/^HTTP\/1.1 413 [\s\S]*"code":"too_large"/);
  });

  test("one byte more than 10 MiB is 413, 10 MiB are not", async () => {
    const tooLarge = form(filePart(randomBytes(10 * 1024 * 1024 + 1)));
    expect(await answerTo([`Content-Length: ${tooLarge.length}`, "Connection: close"], tooLarge)).toMatch(/^HTTP\/1.1 413 /);
    const largest = form(filePart(randomBytes(10 * 1024 * 1024)));
    expect(await answerTo([`Content-Length: ${largest.length}`, "Connection: close"], largest)).toMatch(/^HTTP\/1.1 415 /);
  });

  test("of an upload that breaks off there is no row and no file", async () => {
    const body = form(filePart(randomBytes(200_000)));
    await new Promise<void>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => {
        const lines = [`POST /uploads?conversation_id=${uploads.conversationId} HTTP/1.1`, "Host: x", `Authorization: Bearer ${token}`];
        socket.write([...lines, `Content-Type: ${FORM_TYPE}`, `Content-Length: ${body.length}`, "", ""].join("\r\n"));
        socket.write(body.subarray(0, 100_000), () => socket.destroy());
      });
      socket.on("close", () => resolve());
    });
    await expect.poll(async () => [await readdir(uploads.files.incomingDir), await uploads.idsOnDisk()]).toEqual([[], []]);
    expect(await db.selectFrom("uploads").select("id").execute()).toEqual([]);
  });
});

describe("too many", () => {
  test("a sixth file within a minute is 429, with when to come again; another user's is not", async () => {
    const { app } = await testApi(uploads.api, { files: uploads.files, uploads: { perMinute: 5 } });
    const statuses = [];
    for (let i = 0; i < 6; i += 1) statuses.push((await uploads.send(form(filePart(png)), { app })).status);
    expect(statuses).toEqual([201, 201, 201, 201, 201, 429]);
    const { body } = await uploads.send(form(filePart(png)), { app });
    expect(body).toMatchObject({ code: "rate_limited", retry_after_ms: expect.any(Number) });
    expect((await uploads.send(form(filePart(png)), { app, user: BOB })).status).toBe(201);
  });

  test("bytes within a day are 429; a file that still fits is not", async () => {
    const { app } = await testApi(uploads.api, { files: uploads.files, uploads: { bytesPerDay: 10_000 } });
    const large = form(filePart(Buffer.concat([png, Buffer.alloc(6_000)])));
    expect((await uploads.send(large, { app, user: BOB })).status).toBe(201);
    expect((await uploads.send(large, { app, user: BOB })).body).toMatchObject({ status: 429, code: "rate_limited" });
    expect((await uploads.send(form(filePart(png)), { app, user: BOB })).status).toBe(201);
  });
});

test("a full disk is 507, nothing of the file stays, and everything else goes on", async () => {
  const files = fullDiskStore(join(uploads.dir, "full"), { freeBytes: 5 });
  await files.prepare();
  const { app, call } = await testApi(uploads.api, { files });
  expect(await uploads.send(form(filePart(png)), { app })).toMatchObject({
    status: 507,
    body: { code: "storage_full", retry_after_ms: 1_000 },
  });
  await uploads.expectNothing();
  expect((await readdir(join(uploads.dir, "full"), { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())).toEqual(
    [],
  );
  expect((await call("GET /users/me", { user: ANN })).status).toBe(200);
});

describe("who may read it", () => {
  const claim = (id: string) => db.updateTable("uploads").set({ claimed_by: crypto.randomUUID() }).where("id", "=", id).execute();
  const statusFor = async (id: string, call: Call) => (await uploads.api.call(`GET /uploads/${id}`, call)).status;

  test("its uploader alone, until a message has it; then all who may read the conversation", async () => {
    const { upload_id } = await uploads.uploaded(png);
    const all: Call[] = [{ user: ANN }, { user: BOB }, { user: EVE }, asBen, { user: 7, roles: ["bot"] }];
    const statuses = () => Promise.all(all.map((call) => statusFor(upload_id, call)));
    expect(await statuses()).toEqual([200, 404, 404, 404, 404]);
    await claim(upload_id);
    expect(await statuses()).toEqual([200, 200, 404, 200, 404]);
    await db.updateTable("conversation_participants").set({ left_at: new Date() }).where("user_id", "=", BOB).execute();
    expect(await statuses()).toEqual([200, 404, 404, 200, 404]);
    await db.updateTable("conversation_participants").set({ left_at: null }).where("user_id", "=", BOB).execute();
    expect(await statusFor(upload_id, { user: 0 })).toBe(401);
  });

  test("what may not be read is byte for byte what there is not", async () => {
    const { upload_id } = await uploads.uploaded(png);
    const same = ({ status, text, headers: { date: _, ...headers } }: Answer) => ({ status, text, headers });
    const [foreign, unknown] = [
      await uploads.api.call(`GET /uploads/${upload_id}`, { user: EVE }),
      await uploads.api.call(`GET /uploads/${crypto.randomUUID()}`, { user: EVE }),
    ];
    expect(same(foreign)).toEqual(same(unknown));
  });

  test.each(["1", "..", "..%2f..%2fetc%2fpasswd", "../1", "%00", "a".repeat(36)])("there is no upload %s", async (id) => {
    expect((await uploads.api.call(`GET /uploads/${id}`, { user: ANN })).status).toBe(404);
  });

  test("what its message's deletion has taken with it is not there any more", async () => {
    const { upload_id } = await uploads.uploaded(png);
    await claim(upload_id);
    const who = { user_id: ANN, client_id: crypto.randomUUID(), username: "user 1", profile_pic: null, role: "customer" as const };
    const times = { created_at: new Date(), edited_at: null, deleted_at: new Date(), last_event_id: 1 };
    await db
      .insertInto("conversation_messages")
      .values({ id: 1, conversation_id: uploads.conversationId, is_note: false, ...who, message: "", attachment: null, ...times })
      .execute();
    await db.updateTable("uploads").set({ message_id: 1 }).where("id", "=", upload_id).execute();
    expect(await statusFor(upload_id, { user: ANN })).toBe(404);
  });

  test("nor is what a message had that was deleted before Postgres knew it", async () => {
    const { upload_id } = await uploads.uploaded(png);
    const path = `/conversations/${uploads.conversationId}/messages`;
    const body = { client_id: crypto.randomUUID(), message: "", upload_id };
    const sent = await uploads.api.call(`POST ${path}`, { user: ANN, body });
    expect(await statusFor(upload_id, { user: ANN })).toBe(200);
    await uploads.api.call(`DELETE ${path}/${Object(sent.body).message.id}`, { user: ANN });
    expect(await statusFor(upload_id, { user: ANN })).toBe(404);
  });
});

describe("a part of a file", () => {
  test.each([
    ["bytes=0-7", 206, 0, 8],
    ["bytes=4-", 206, 4, undefined],
    ["bytes=-4", 206, -4, undefined],
    ["lines=1-2", 200, 0, undefined],
  ])("%s is %d", async (range, status, start, end) => {
    const { upload_id, size_bytes } = await uploads.uploaded(png);
    const all = await uploads.bytesOf(upload_id);
    const call = { user: ANN, headers: { range } };
    const part = all.subarray(start, end);
    expect((await uploads.bytesOf(upload_id, { headers: { range } })).equals(part)).toBe(true);
    const answer = await uploads.api.call(`GET /uploads/${upload_id}`, call);
    expect(answer).toMatchObject({ status, headers: { "content-length": String(part.length), "accept-ranges": "bytes" } });
    const from = start < 0 ? size_bytes + start : start;
    expect(answer.headers["content-range"]).toBe(status === 206 ? `bytes ${from}-${from + part.length - 1}/${size_bytes}` : undefined);
  });

  test.each(["bytes=1000000-", `bytes=${"0-,".repeat(1_000)}0-`])("that there is not, or many at once, is 416", async (range) => {
    const { upload_id, size_bytes } = await uploads.uploaded(png);
    const { status, headers, body } = await uploads.api.call(`GET /uploads/${upload_id}`, { user: ANN, headers: { range } });
    expect({ status, body }).toMatchObject({ status: 416, body: { code: "range_not_satisfiable" } });
    expect(headers["content-range"]).toBe(`bytes */${size_bytes}`);
    expect(headers["content-disposition"]).toBeUndefined();
  });

  test("goes with its tag: who has the file is told so, who has another gets the whole", async () => {
    const { upload_id } = await uploads.uploaded(png);
    const { headers } = await uploads.api.call(`GET /uploads/${upload_id}`, { user: ANN });
    const etag = String(headers.etag);
    const status = async (more: Record<string, string>) =>
      (await uploads.api.call(`GET /uploads/${upload_id}`, { user: ANN, headers: more })).status;
    expect(await status({ "if-none-match": etag })).toBe(304);
    expect(await status({ "if-range": etag, range: "bytes=0-1" })).toBe(206);
    expect(await status({ "if-range": '"another"', range: "bytes=0-1" })).toBe(200);
  });

  test("images are shown, under the same headers", async () => {
    const { upload_id } = await uploads.uploaded(png, { disposition: 'name="file"; filename="cat.png"' });
    for (const [url, type] of [
      ["", "image/png"],
      ["?size=thumbnail", "image/webp"],
    ] as const) {
      const { headers } = await uploads.api.call(`GET /uploads/${upload_id}${url}`, { user: ANN });
      expect(headers).toMatchObject({ "content-type": type, "content-security-policy": "sandbox; default-src 'none'" });
      expect(headers["content-disposition"]).toMatch(/^inline; filename=/);
    }
    expect((await uploads.api.call(`GET /uploads/${upload_id}?size=large`, { user: ANN })).status).toBe(400);
  });
});

describe("a message claims an upload over the private port", async () => {
  const { parts, restorer } = uploads.api;
  const app = buildPrivateServer({ ...parts, restorer, metrics: new Metrics("test"), notReady: async () => [] });
  afterAll(() => app.close());

  async function claim(id: string, body: object, conversation = uploads.conversationId) {
    const answer = await app.inject({ method: "POST", url: `/internal/conversations/${conversation}/uploads/${id}/claim`, payload: body });
    return { status: answer.statusCode, body: answer.json<unknown>() };
  }

  test("once; again for the same message, never for another, another's, or elsewhere", async () => {
    const { conversation_id: _, created_at: __, ...attachment } = await uploads.uploaded(png);
    const { upload_id } = attachment;
    const body = { user_id: ANN, client_id: crypto.randomUUID() };
    expect(await claim(upload_id, { ...body, user_id: BOB })).toMatchObject({ status: 404 });
    expect(await claim(upload_id, body, uploads.elsewhere)).toMatchObject({ status: 404 });
    expect(await claim(upload_id, body)).toEqual({ status: 200, body: { attachment } });
    expect(await claim(upload_id, body)).toEqual({ status: 200, body: { attachment } });
    expect(await claim(upload_id, { ...body, client_id: crypto.randomUUID() })).toMatchObject({ status: 404 });
    expect(await claim(crypto.randomUUID(), body)).toMatchObject({ status: 404, body: { code: "not_found" } });
    expect(await claim("../1", body)).toMatchObject({ status: 404 });
    expect(await claim(upload_id, { user_id: ANN, client_id: "x" })).toMatchObject({ status: 400 });
  });
});

test("a message takes an upload of its sender once, and shows it to the others; any other is 400", async () => {
  const { conversation_id: _, created_at: __, ...attachment } = await uploads.uploaded(png);
  const { upload_id } = attachment;
  const say = async (id: string, user = ANN, client_id: string = crypto.randomUUID()) =>
    uploads.api.call(`POST /conversations/${uploads.conversationId}/messages`, { user, body: { client_id, message: "", upload_id: id } });
  const refused = { status: 400, body: { code: "bad_attachment" } };
  expect(await say(upload_id, BOB)).toMatchObject(refused);
  expect(await say(crypto.randomUUID())).toMatchObject(refused);
  const client_id = crypto.randomUUID();
  expect(await say(upload_id, ANN, client_id)).toMatchObject({ status: 201, body: { message: { attachment } } });
  expect(await say(upload_id, ANN, client_id)).toMatchObject({ status: 200, body: { duplicate: true } });
  expect(await say(upload_id)).toMatchObject(refused);
  expect((await uploads.api.call(`GET /uploads/${upload_id}`, { user: BOB })).status).toBe(200);
  const withUrl = { client_id: crypto.randomUUID(), message: "a", attachment: { ...attachment, url: "http://127.0.0.1/x" } };
  const answer = await uploads.api.call(`POST /conversations/${uploads.conversationId}/messages`, { user: ANN, body: withUrl });
  expect(answer).toMatchObject({ status: 400, body: { code: "bad_request" } });
});
