/**
 * The reads of a storm, answered ahead of Fastify, whose hooks cost more than the answer. All who ask for the same while a
 * read is under way share the next one, and the bytes made of it, headers included.
 *
 * Only what is plain goes this way: a GET without a body on a connection that is kept, whose parameters say one thing only,
 * from an origin that may call, with a token whose verdict is known. Everything else, and whatever fails, is Fastify's:
 * the same reads stand behind its routes, so there is one answer and one place that refuses. A test holds both answers
 * against each other.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { CachedVerifier } from "@drawchat/auth/verdict-cache";
import { Lru } from "@drawchat/runtime/lru";
import { ANSWER_TYPE, type Answer, type AnswerRead, isKnown } from "./answer.ts";
import type { Answered } from "./answer-report.ts";
import type { App } from "./api.ts";
import { tokenIn } from "./bearer.ts";
import type { Query } from "./query.ts";
import { SharedRead } from "./shared-read.ts";

const MAX_URLS = 1_000;
const PLAIN_PARAMETER = /^(session_id|limit)=(\d{1,16})$/;

type HeadersByOrigin = ReadonlyMap<string | undefined, Readonly<Record<string, string>>>;

export interface HotReadsOptions {
  /** By path. */
  reads: Readonly<Record<string, AnswerRead>>;
  verifier: CachedVerifier;
  /** What every answer carries, by the caller's origin. */
  headersByOrigin: HeadersByOrigin;
  /** Told of every answer. */
  report: (answered: Answered) => void;
}

/** Puts the reads in front of what `app` serves, until it closes: then answers end their connections, which is Fastify's. */
export function answerAhead(app: App, options: HotReadsOptions): void {
  const pass: Listener = (request, response) => app.routing(request, response);
  const hot = new HotReads({ ...options, keepAliveMs: app.server.keepAliveTimeout }, pass);
  const listen = (listener: Listener) => app.server.removeAllListeners("request").on("request", listener);
  listen((request, response) => hot.serve(request, response));
  app.addHook("preClose", async () => {
    hot.isClosing = true;
    listen(pass);
  });
}

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

/** One URL's reads: its route, and the answer for all who ask now. */
interface HotUrl {
  route: string;
  reads: SharedRead<HotAnswer>;
}

interface HotReadsParts extends HotReadsOptions {
  keepAliveMs: number;
}

class HotReads {
  /** Whoever waits for a read then is passed on as well. */
  isClosing = false;
  readonly #options: HotReadsParts;
  readonly #pass: Listener;
  readonly #urls = new Lru<string, HotUrl>(MAX_URLS);

  constructor(options: HotReadsParts, pass: Listener) {
    this.#options = options;
    this.#pass = pass;
  }

  serve(request: IncomingMessage, response: ServerResponse): void {
    const asked = request.method === "GET" && request.httpVersion === "1.1" ? plainHeaders(request.rawHeaders) : undefined;
    const hot = asked !== undefined && this.#mayCall(asked) ? this.#find(request.url ?? "") : undefined;
    if (asked === undefined || hot === undefined) {
      this.#pass(request, response);
      return;
    }
    const startedAtMs = performance.now();
    const answerWith = (answer: HotAnswer) => {
      if (this.isClosing) this.#pass(request, response);
      else {
        const status = answer.send(response, asked);
        this.#options.report({ method: "GET", route: hot.route, url: request.url ?? "", status, ms: performance.now() - startedAtMs });
      }
    };
    hot.reads.read().then(answerWith, () => this.#pass(request, response)); // what fails fails there too, and is told as a problem
  }

  #mayCall({ authorization, origin }: PlainHeaders): boolean {
    const token = tokenIn(authorization);
    return this.#options.headersByOrigin.has(origin) && token !== undefined && this.#options.verifier.recall(token) !== undefined;
  }

  #find(url: string): HotUrl | undefined {
    const known = this.#urls.get(url);
    if (known !== undefined) return known;
    const [route = "", text, ...more] = url.split("?");
    const read = this.#options.reads[route];
    const query = text === undefined ? {} : plainQuery(text);
    if (read === undefined || query === undefined || more.length > 0) return undefined;
    const readHot = async () => new HotAnswer(await read(query), this.#options);
    const hot = { route, reads: new SharedRead(readHot) };
    this.#urls.set(url, hot);
    return hot;
  }
}

/** The headers that an answer depends on. */
interface PlainHeaders {
  authorization?: string;
  origin?: string;
  ifNoneMatch?: string;
}

/**
 * Undefined where one of them is repeated, or there is a body, or the connection is to end. Of the raw ones:
 * `request.headers` is made when it is first asked for, and costs a quarter of the whole answer.
 */
function plainHeaders(rawHeaders: readonly string[]): PlainHeaders | undefined {
  const plain: PlainHeaders = {};
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const raw = rawHeaders[i]?.toLowerCase() ?? "";
    if (raw === "content-length" || raw === "transfer-encoding") return undefined;
    if (raw === "connection" && rawHeaders[i + 1]?.toLowerCase() !== "keep-alive") return undefined;
    const name = raw === "if-none-match" ? "ifNoneMatch" : raw;
    if (name === "authorization" || name === "origin" || name === "ifNoneMatch") {
      if (plain[name] !== undefined) return undefined;
      plain[name] = rawHeaders[i + 1] ?? "";
    }
  }
  return plain;
}

/** Undefined where a parameter is repeated, or another one or another form than the plain one. */
function plainQuery(text: string): Query | undefined {
  const query: Record<string, string> = {};
  for (const parameter of text.split("&")) {
    const [, name, value] = PLAIN_PARAMETER.exec(parameter) ?? [];
    if (name === undefined || value === undefined || name in query) return undefined;
    query[name] = value;
  }
  return query;
}

/** An answer as the bytes that Fastify would send, made once for all who share it. */
class HotAnswer {
  readonly #answer: Answer;
  readonly #parts: HotReadsParts;
  readonly #byOrigin = new Map<string | undefined, Messages>();

  constructor(answer: Answer, parts: HotReadsParts) {
    this.#answer = answer;
    this.#parts = parts;
  }

  /** Returns the status: 304 where the client has it. */
  send(response: ServerResponse, { origin, ifNoneMatch }: PlainHeaders): number {
    const { full, unchanged } = this.#byOrigin.get(origin) ?? this.#make(origin);
    const isThere = isKnown(ifNoneMatch, this.#answer.etag);
    // Node is told that the head is out, as it is in the bytes: to check and join twenty lines again is a tenth of the answer.
    Object.assign(response, { _header: "in the bytes", _headerSent: true });
    response.end(isThere ? unchanged : full);
    return isThere ? 304 : 200;
  }

  #make(origin: string | undefined): Messages {
    const { body, cacheControl, etag } = this.#answer;
    const bytes = Buffer.from(body);
    const own = cacheControl === undefined ? {} : { "cache-control": cacheControl };
    const shared = { ...this.#parts.headersByOrigin.get(origin), ...own, etag };
    const connection = {
      Date: new Date().toUTCString(),
      Connection: "keep-alive",
      "Keep-Alive": `timeout=${Math.floor(this.#parts.keepAliveMs / 1_000)}`,
    };
    const head = headOf("200 OK", { ...shared, "content-type": ANSWER_TYPE, "content-length": bytes.length, ...connection });
    const made = { full: Buffer.concat([head, bytes]), unchanged: headOf("304 Not Modified", { ...shared, ...connection }) };
    this.#byOrigin.set(origin, made);
    return made;
  }
}

/** Whole messages of HTTP. */
interface Messages {
  full: Buffer;
  unchanged: Buffer;
}

function headOf(status: string, headers: Readonly<Record<string, string | number>>): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`HTTP/1.1 ${status}\r\n${lines.join("")}\r\n`, "latin1");
}
