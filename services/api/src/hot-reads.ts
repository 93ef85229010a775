/**
 * The reads of a storm, answered ahead of Fastify, whose hooks cost more than the answer. All who ask for the same within
 * a millisecond share one read, begun after the last of them came, and the bytes and headers made of it.
 *
 * Only what is plain goes this way: a GET without a body, whose parameters say one thing only, from an origin that may
 * call, with a token whose verdict is known. Everything else, and whatever fails, is Fastify's: the same reads stand
 * behind its routes, so there is one answer and one place that refuses.
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
  const hot = new HotReads(options, pass);
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

class HotReads {
  /** Whoever waits for a read then is passed on as well. */
  isClosing = false;
  readonly #options: HotReadsOptions;
  readonly #pass: Listener;
  readonly #urls = new Lru<string, HotUrl>(MAX_URLS);

  constructor(options: HotReadsOptions, pass: Listener) {
    this.#options = options;
    this.#pass = pass;
  }

  serve(request: IncomingMessage, response: ServerResponse): void {
    const asked = request.method === "GET" ? plainHeaders(request.rawHeaders) : undefined;
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
    const readHot = async () => new HotAnswer(await read(query), this.#options.headersByOrigin);
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
 * Undefined where one of them is repeated, or there is a body. Of the raw ones: `request.headers` is made when it is first
 * asked for, and costs a quarter of the whole answer.
 */
function plainHeaders(rawHeaders: readonly string[]): PlainHeaders | undefined {
  const plain: PlainHeaders = {};
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const raw = rawHeaders[i]?.toLowerCase() ?? "";
    if (raw === "content-length" || raw === "transfer-encoding") return undefined;
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

/** An answer with its headers as Node takes them, in the order in which Fastify sends them: made once for all who share it. */
class HotAnswer {
  readonly #answer: Answer;
  readonly #body: Buffer;
  readonly #headersByOrigin: HeadersByOrigin;
  readonly #made = new Map<string | undefined, { full: string[]; known: string[] }>();

  constructor(answer: Answer, headersByOrigin: HeadersByOrigin) {
    this.#answer = answer;
    this.#body = Buffer.from(answer.body);
    this.#headersByOrigin = headersByOrigin;
  }

  /** Returns the status: 304 where the client has it. */
  send(response: ServerResponse, { origin, ifNoneMatch }: PlainHeaders): number {
    const { full, known } = this.#made.get(origin) ?? this.#make(origin);
    const isThere = isKnown(ifNoneMatch, this.#answer.etag);
    if (isThere) response.writeHead(304, known).end();
    else response.writeHead(200, full).end(this.#body);
    return isThere ? 304 : 200;
  }

  #make(origin: string | undefined): { full: string[]; known: string[] } {
    const { cacheControl, etag } = this.#answer;
    const own = cacheControl === undefined ? {} : { "cache-control": cacheControl };
    const known = Object.entries({ ...this.#headersByOrigin.get(origin), ...own, etag }).flat();
    const made = { known, full: [...known, "content-type", ANSWER_TYPE, "content-length", String(this.#body.length)] };
    this.#made.set(origin, made);
    return made;
  }
}
