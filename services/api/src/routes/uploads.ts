/** Files come in. The order: who, budget, size as declared, size as it comes, parts, kind, decoding, encoding, storing. */
import { randomUUID } from "node:crypto";
import { attachmentOf, insertUpload, type UploadRow } from "@drawchat/db/uploads";
import { THUMBNAIL_TYPE } from "@drawchat/files/image";
import { Incoming } from "@drawchat/files/incoming";
import { cleanFileName } from "@drawchat/files/name";
import { type PreparedFile, prepareFile } from "@drawchat/files/prepare";
import { Upload } from "@drawchat/protocol/conversations-rest";
import { enter } from "../access.ts";
import { actorOf } from "../actor.ts";
import type { ApiParts, App } from "../api.ts";
import { readId } from "../query.ts";
import { problems, uploadForm, uploadQuerystring } from "../schemas.ts";
import { declaredBytes, type UploadBodies } from "../upload-body.ts";

export function addUploadRoute(app: App, parts: ApiParts, bodies: UploadBodies): void {
  const { db, files, uploadLimiter } = parts;
  const schema = {
    summary: "Upload a file for a message of a conversation: png, jpeg, webp, gif or pdf, at most 10 MiB",
    querystring: uploadQuerystring,
    consumes: ["multipart/form-data"],
    body: uploadForm,
    response: { 201: Upload, ...problems(400, 404, 413, 415, 422, 429, 507) },
  };
  // The body is a stream: its schema only documents.
  app.post("/uploads", { schema, validatorCompiler: () => () => true }, async (request, reply): Promise<Upload> => {
    const { userId } = actorOf(request);
    const conversationId = readId(request.query, "conversation_id");
    await enter(db, actorOf(request), { conversationId, action: "upload.create" });
    await uploadLimiter.takeFile(userId);
    const declared = declaredBytes(request);
    if (declared !== undefined) await uploadLimiter.takeBytes(userId, declared);
    const incoming = await Incoming.open(files.incomingDir);
    try {
      const name = await bodies.receive(request, reply, incoming);
      if (declared === undefined) await uploadLimiter.takeBytes(userId, incoming.sizeBytes);
      const file = await prepareFile({ head: await incoming.head(), read: () => incoming.read() });
      const row = await keep(parts, file, { conversationId, userId, name });
      reply.code(201);
      return uploadView(row);
    } finally {
      await incoming.close();
    }
  });
}

interface Origin {
  conversationId: number;
  userId: number;
  /** As the client calls it. */
  name: string | undefined;
}

/** Files first: where the row is, they are. */
async function keep({ db, files, log }: ApiParts, file: PreparedFile, { conversationId, userId, name }: Origin): Promise<UploadRow> {
  const { kind, bytes, width, height, thumbnail } = file;
  const id = randomUUID();
  if (thumbnail !== undefined) await files.write(id, "thumbnail", { bytes: thumbnail, contentType: THUMBNAIL_TYPE });
  await files.write(id, "file", { bytes, contentType: kind.contentType });
  const about = { name: cleanFileName(name, kind), content_type: kind.contentType, size_bytes: bytes.length };
  const pixels = { width, height, thumbnail_bytes: thumbnail?.length ?? null };
  const row = await insertUpload(db, { id, conversation_id: conversationId, user_id: userId, ...about, ...pixels }).catch(
    async (error: unknown) => {
      await files.remove(id).catch(() => undefined); // what stays has no row, and is swept
      throw error;
    },
  );
  log.info({ component: "conversations", conversation: conversationId, user_id: userId, upload: id, bytes: bytes.length }, "file uploaded");
  return row;
}

function uploadView(row: UploadRow): Upload {
  return { ...attachmentOf(row), conversation_id: row.conversation_id, created_at: row.created_at.toISOString() };
}
