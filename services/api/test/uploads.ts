/** For tests: an api that takes files, two conversations, and a client that sends forms. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type FileStore, openFileStore } from "@drawchat/files/store";
import { Upload } from "@drawchat/protocol/conversations-rest";
import { addConversation, addUsers } from "@drawchat/testkit/conversations";
import Value from "typebox/value";
import { afterAll, beforeEach, expect } from "vitest";
import type { App } from "../src/api.ts";
import { type Call, type TestApi, testApi, testStores, tokenOf } from "../src/test-api.ts";
import { type FilePart, FORM_TYPE, filePart, form } from "./form.ts";

/** A customer of the conversation, another of it, one of another conversation, an agent. */
export const ANN = 1;
export const BOB = 2;
export const EVE = 3;
export const BEN = 21;
export const asBen: Call = { user: BEN, roles: ["agent"] };

export interface Sending {
  user?: number;
  to?: number | string;
  type?: string;
  app?: App;
}

export class UploadsUnderTest {
  readonly api: TestApi;
  readonly files: FileStore;
  readonly dir: string;
  /** Of ann and bob. */
  readonly conversationId: number;
  /** Of eve. */
  readonly elsewhere: number;

  constructor(parts: Pick<UploadsUnderTest, "api" | "files" | "dir" | "conversationId" | "elsewhere">) {
    this.api = parts.api;
    this.files = parts.files;
    this.dir = parts.dir;
    this.conversationId = parts.conversationId;
    this.elsewhere = parts.elsewhere;
  }

  async idsOnDisk(): Promise<string[]> {
    const ids = new Set<string>();
    for await (const { id } of this.files.list()) ids.add(id);
    return [...ids];
  }

  async clear(): Promise<void> {
    for (const id of await this.idsOnDisk()) await this.files.remove(id);
    await this.api.database.db.deleteFrom("uploads").execute();
  }

  async send(body: Buffer, sending: Sending = {}): Promise<{ status: number; body: unknown }> {
    const { user = ANN, to = this.conversationId, type = FORM_TYPE, app = this.api.app } = sending;
    const authorization = `Bearer ${await tokenOf(user, user === BEN ? ["agent"] : [])}`;
    const headers = { authorization, "content-type": type };
    const answer = await app.inject({ method: "POST", url: `/uploads?conversation_id=${to}`, payload: body, headers });
    return { status: answer.statusCode, body: answer.json<unknown>() };
  }

  async uploaded(content: Buffer, part: FilePart = {}, sending: Sending = {}): Promise<Upload> {
    const { status, body } = await this.send(form(filePart(content, part)), sending);
    expect({ status, body }).toMatchObject({ status: 201 });
    if (!Value.Check(Upload, body)) throw new Error("not an upload");
    return body;
  }

  /** The status and code of a refusal, after which nothing is kept. */
  async refusal(body: Buffer, sending: Sending = {}): Promise<string> {
    const answer = await this.send(body, sending);
    await this.expectNothing();
    return `${answer.status} ${Object(answer.body).code}`;
  }

  async expectNothing(): Promise<void> {
    expect(await this.api.database.db.selectFrom("uploads").select("id").execute()).toEqual([]);
    expect(await this.idsOnDisk()).toEqual([]);
    expect(await readdir(this.files.incomingDir)).toEqual([]);
  }

  async bytesOf(id: string, { query = "", headers = {} }: { query?: string; headers?: Record<string, string> } = {}): Promise<Buffer> {
    const authorization = `Bearer ${await tokenOf(ANN)}`;
    const answer = await this.api.app.inject({ method: "GET", url: `/uploads/${id}${query}`, headers: { authorization, ...headers } });
    return answer.rawPayload;
  }
}

/** Call it at the top of a test file. Each test begins without uploads. */
export async function testUploads(): Promise<UploadsUnderTest> {
  const dir = await mkdtemp(join(tmpdir(), "drawchat-test-uploads-"));
  afterAll(() => rm(dir, { recursive: true }));
  const files = await openFileStore({ dir, s3: undefined });
  await files.prepare();
  const api = await testApi(await testStores(), { files });
  const { db } = api.database;
  const conversationId = await addConversation(db, { members: [{ userId: ANN }, { userId: BOB }] });
  const elsewhere = await addConversation(db, { members: [{ userId: EVE }] });
  await addUsers(db, [{ userId: BEN, role: "agent" }]);
  const uploads = new UploadsUnderTest({ api, files, dir, conversationId, elsewhere });
  beforeEach(() => uploads.clear());
  return uploads;
}
