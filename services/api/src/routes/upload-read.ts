/** Files go out: to those who may read the conversation, under headers that let a browser do nothing with them but show. */
import { isAllowed } from "@drawchat/auth/policy";
import { findStanding } from "@drawchat/db/membership";
import { findUpload, type UploadRow } from "@drawchat/db/uploads";
import { THUMBNAIL_TYPE } from "@drawchat/files/image";
import type { Variant } from "@drawchat/files/store";
import { ClientError } from "@drawchat/protocol/errors";
import { create as contentDisposition } from "content-disposition";
import type { FastifyRequest } from "fastify";
import { type Actor, actorOf } from "../actor.ts";
import { isKnown } from "../answer.ts";
import type { ApiParts, App } from "../api.ts";
import { readByteRange } from "../byte-range.ts";
import { isAttachmentDeleted } from "../conversation-page.ts";
import { readOptionalWord, readPathUuid } from "../query.ts";
import { fileContent, notModified, problems, uploadReadQuerystring, uuidParams } from "../schemas.ts";

export function addUploadReadRoute(app: App, parts: ApiParts): void {
  const schema = {
    summary: "A file, a part of it, or its thumbnail",
    params: uuidParams("id"),
    querystring: uploadReadQuerystring,
    response: {
      200: fileContent("All of it"),
      206: fileContent("The range that was asked for"),
      304: notModified,
      ...problems(400, 404, 416),
    },
  };
  app.get("/uploads/:id", { schema }, async (request, reply) => {
    const variant = readOptionalWord(request.query, "size", ["thumbnail"]) ?? "file";
    const upload = await findReadable(parts, actorOf(request), readPathUuid(request.params.id));
    const { sizeBytes, ...headers } = describe(upload, variant);
    if (isKnown(request.headers["if-none-match"], headers.etag)) return reply.code(304).headers(headers).send(null);
    const range = rangeOf(request, headers.etag, sizeBytes);
    if (range === "unsatisfiable") {
      reply.header("content-range", `bytes */${sizeBytes}`);
      throw new ClientError("range_not_satisfiable");
    }
    const { start, end } = range ?? { start: 0, end: sizeBytes - 1 };
    const stream = await parts.files.read(upload.id, variant, { start, end });
    if (stream === undefined) {
      parts.log.error({ component: "conversations", upload: upload.id }, "the file of an upload is gone");
      throw new ClientError("not_found");
    }
    reply.headers(headers).header("content-length", end - start + 1);
    if (range !== undefined) reply.code(206).header("content-range", `bytes ${start}-${end}/${sizeBytes}`);
    return reply.send(stream);
  });
}

/** A part of another version than this one is of no use: there is only one. */
function rangeOf({ headers }: FastifyRequest, etag: string, sizeBytes: number) {
  const condition = headers["if-range"];
  return condition === undefined || condition === etag ? readByteRange(headers.range, sizeBytes) : undefined;
}

/** One that no message has claimed is its uploader's alone. */
async function findReadable(parts: ApiParts, { userId, role }: Actor, id: string): Promise<UploadRow> {
  const upload = await findUpload(parts.db, id);
  const standing = upload && (await findStanding(parts.db, upload.conversation_id, userId));
  if (upload === undefined || standing === undefined || !isAllowed(role, "upload.read", standing)) throw new ClientError("not_found");
  if (upload.claimed_by === null && upload.user_id !== userId) throw new ClientError("not_found");
  if (await isAttachmentDeleted(parts, upload)) throw new ClientError("not_found");
  return upload;
}

/**
 * Kept by the browser, and asked for each time: who may read may change. Whatever is in the file, it is sandboxed, is what
 * we say that it is, and a PDF is nothing that a browser opens by itself.
 */
function describe(upload: UploadRow, variant: Variant) {
  const isThumbnail = variant === "thumbnail";
  const sizeBytes = isThumbnail ? upload.thumbnail_bytes : upload.size_bytes;
  if (sizeBytes === null) throw new ClientError("not_found");
  const type = upload.content_type.startsWith("image/") ? "inline" : "attachment";
  return {
    sizeBytes,
    "content-type": isThumbnail ? THUMBNAIL_TYPE : upload.content_type,
    "content-disposition": contentDisposition(isThumbnail ? "thumbnail.webp" : upload.name, { type }),
    "content-security-policy": "sandbox; default-src 'none'",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "private, no-cache",
    "accept-ranges": "bytes",
    etag: `"${upload.id}${isThumbnail ? ".thumbnail" : ""}"`,
  };
}
