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
import type { Answer, AnswerRead } from "./answer.ts";
import type { Answered } from "./answer-report.ts";
import type { App } from "./api.ts";
import { type Asked, HotAnswer, type HotAnswerParts } from "./hot-answer.ts";
import { KnownCallers } from "./known-callers.ts";
import type { Query } from "./query.ts";
import { SharedRead } from "./shared-read.ts";

const MAX_URLS = 1_000;
const PLAIN_PARAMETER = /^(session_id|limit)=(\d{1,16})$/;

export interface HotReadsOptions extends Pick<HotAnswerParts, "headersByOrigin"> {
  /** By path. */
  reads: Readonly<Record<string, AnswerRead>>;
  verifier: CachedVerifier;
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

interface HotReadsParts extends HotReadsOptions {
  keepAliveMs: number;
}

class HotReads {
  /** Whoever waits for a read then is passed on as well. */
  isClosing = false;
  readonly #options: HotReadsParts;
  readonly #pass: Listener;
  readonly #callers: KnownCallers;
  readonly #urls = new Lru<string, HotUrl>(MAX_URLS);

  constructor(options: HotReadsParts, pass: Listener) {
    this.#options = options;
    this.#pass = pass;
    this.#callers = new KnownCallers(options.verifier);
  }

  serve(request: IncomingMessage, response: ServerResponse): void {
    const asked = request.method === "GET" && request.httpVersion === "1.1" ? plainHeaders(request.rawHeaders) : undefined;
    const hot = asked !== undefined && this.#mayCall(request, asked) ? this.#find(request.url ?? "") : undefined;
    if (asked === undefined || hot === undefined) this.#pass(request, response);
    else hot.ask({ request, response, asked, startedAtMs: performance.now() });
  }

  #mayCall({ socket }: IncomingMessage, { authorization, origin }: PlainHeaders): boolean {
    return this.#options.headersByOrigin.has(origin) && this.#callers.has(socket, authorization);
  }

  #find(url: string): HotUrl | undefined {
    const known = this.#urls.get(url);
    if (known !== undefined) return known;
    const [route = "", text, ...more] = url.split("?");
    const read = this.#options.reads[route];
    const query = text === undefined ? {} : plainQuery(text);
    if (read === undefined || query === undefined || more.length > 0) return undefined;
    const hot = new HotUrl({
      read: () => read(query),
      answer: (waiting, answer) => this.#answer(route, waiting, answer),
      pass: ({ request, response }) => this.#pass(request, response),
      parts: this.#options,
    });
    this.#urls.set(url, hot);
    return hot;
  }

  #answer(route: string, { request, response, asked, startedAtMs }: Waiting, answer: HotAnswer): void {
    if (this.isClosing) {
      this.#pass(request, response);
      return;
    }
    const status = answer.send(response, asked);
    this.#options.report({ method: "GET", route, url: request.url ?? "", status, ms: performance.now() - startedAtMs });
  }
}

/** Somebody who asked, until the read that began after it is there. */
interface Waiting {
  request: IncomingMessage;
  response: ServerResponse;
  asked: PlainHeaders;
  startedAtMs: number;
}

interface HotUrlParts {
  read: () => Promise<Answer>;
  answer: (waiting: Waiting, answer: HotAnswer) => void;
  /** What fails fails there too, and is told as a problem. */
  pass: (waiting: Waiting) => void;
  parts: HotAnswerParts;
}

/** One URL's reads. Who asks is put on a list that the next read takes: a promise for each would cost more than the list. */
class HotUrl {
  readonly #options: HotUrlParts;
  readonly #reads = new SharedRead(() => this.#readForAll());
  #waiting: Waiting[] = [];
  #last: HotAnswer | undefined;

  constructor(options: HotUrlParts) {
    this.#options = options;
  }

  ask(waiting: Waiting): void {
    if (this.#waiting.push(waiting) === 1) void this.#reads.read();
  }

  /** Never rejects. */
  async #readForAll(): Promise<void> {
    const all = this.#waiting;
    this.#waiting = [];
    const { read, answer, pass, parts } = this.#options;
    const found = await read().catch(() => undefined);
    if (found === undefined) {
      for (const waiting of all) pass(waiting);
      return;
    }
    if (!this.#last?.isOf(found)) this.#last = new HotAnswer(found, parts);
    for (const waiting of all) answer(waiting, this.#last);
  }
}

interface PlainHeaders extends Asked {
  authorization?: string;
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
