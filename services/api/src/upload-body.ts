/**
 * The body of an upload, within bounds of size, parts and time. The server's own time for a request is too short for 10 MiB
 * over a phone: these have a clock of their own.
 */
import type { Incoming } from "@drawchat/files/incoming";
import { ClientError } from "@drawchat/protocol/errors";
import type { FastifyMultipartBaseOptions } from "@fastify/multipart";
import type { FastifyReply, FastifyRequest } from "fastify";
import { endLate, keepOwnClock } from "./broken-requests.ts";

export const MAX_FILE_BYTES = 10 * 1024 * 1024;
/** What a form may have around the file. */
const MAX_BODY_BYTES = MAX_FILE_BYTES + 64 * 1024;

/** Beyond these the parser stops by itself. */
export const MULTIPART_LIMITS: NonNullable<FastifyMultipartBaseOptions["limits"]> = {
  fileSize: MAX_FILE_BYTES + 1, // one more than is taken: the limit is ours
  files: 1,
  parts: 10,
  fields: 9,
  fieldSize: 4_096,
  headerPairs: 20,
};

/** Undefined where it is not declared. Throws `too_large` for what need not even be read. */
export function declaredBytes({ headers }: FastifyRequest): number | undefined {
  const declared = headers["content-length"];
  if (declared === undefined) return undefined;
  const bytes = Number(declared);
  if (bytes > MAX_BODY_BYTES) throw new ClientError("too_large");
  return bytes;
}

export interface Patience {
  silenceMs: number;
  wholeMs: number;
}

/** Takes bodies in. By default one may be silent for 10 s, and take 2 minutes. */
export class UploadBodies {
  readonly #patience: Patience;
  readonly #refusals = new Set<(error: ClientError) => void>();

  constructor(patience: Patience = { silenceMs: 10_000, wholeMs: 120_000 }) {
    this.#patience = patience;
  }

  /**
   * Puts the form's one file into `incoming`; resolves with the name it came with. Whatever else is in the form is passed over.
   * Throws `too_large` as soon as the limit is reached, `bad_multipart`, or what `incoming` throws; a body that comes too
   * slowly is answered 408 and cut.
   */
  async receive(request: FastifyRequest, reply: FastifyReply, incoming: Incoming): Promise<string | undefined> {
    if (!request.isMultipart()) throw new ClientError("bad_multipart");
    const { promise: refused, reject: refuse } = Promise.withResolvers<never>();
    const reading = readParts(request, incoming);
    keepOwnClock(request.raw.socket, reply.raw);
    const unwatch = watchBody(request, refuse, this.#patience);
    this.#refusals.add(refuse);
    try {
      return await Promise.race([reading, refused]);
    } catch (error) {
      if (error instanceof ClientError) throw error;
      throw new ClientError("bad_multipart", { cause: error }); // the parser's own, or the client is gone
    } finally {
      this.#refusals.delete(refuse);
      unwatch();
    }
  }

  /** Nobody waits for those that are still coming: they are told to come again. */
  stop(): void {
    for (const refuse of this.#refusals) refuse(new ClientError("draining"));
  }
}

async function readParts(request: FastifyRequest, incoming: Incoming): Promise<string | undefined> {
  let file: { name: string | undefined } | undefined;
  for await (const part of request.parts()) {
    if (part.type !== "file") continue;
    file = { name: part.filename };
    await incoming.receive(part.file, MAX_FILE_BYTES);
  }
  if (file === undefined || incoming.sizeBytes === 0) throw new ClientError("bad_multipart");
  return file.name;
}

/** Looks at the bytes as they come, beside the parser; call it in the same turn as that one. */
function watchBody({ raw }: FastifyRequest, refuse: (error: ClientError) => void, { silenceMs, wholeMs }: Patience): () => void {
  const late = () => {
    endLate(raw.socket);
    refuse(new ClientError("bad_multipart"));
  };
  const silence = setTimeout(late, silenceMs);
  const whole = setTimeout(late, wholeMs);
  let bytes = 0;
  const onData = (chunk: Buffer) => {
    silence.refresh();
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) refuse(new ClientError("too_large"));
  };
  raw.on("data", onData);
  return () => {
    raw.off("data", onData);
    clearTimeout(silence);
    clearTimeout(whole);
  };
}
