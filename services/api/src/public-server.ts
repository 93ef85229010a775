/**
 * The public HTTP server: hooks in the order origin (CORS), switched off, token, role, body, handler. Whatever goes
 * wrong, Fastify's own errors included, leaves as a problem document.
 */
import type { TokenConfig } from "@drawchat/auth/config";
import { ClientError } from "@drawchat/protocol/errors";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import Fastify, { type FastifyBaseLogger, type FastifyReply, type FastifyRequest, LogController } from "fastify";
import type { AnswerRead } from "./answer.ts";
import { answerReport, type OnAnswer } from "./answer-report.ts";
import type { ApiParts, App } from "./api.ts";
import { authenticate } from "./bearer.ts";
import { answerBrokenRequest } from "./broken-requests.ts";
import { addConversationSurface } from "./conversation-surface.ts";
import { addHeaders, headersByOrigin } from "./headers.ts";
import { answerAhead } from "./hot-reads.ts";
import { parseJsonBody } from "./json-body.ts";
import { answerUnrouted } from "./methods.ts";
import { addDescription } from "./openapi.ts";
import { addPages } from "./pages.ts";
import { asClientError, sendProblem } from "./problems.ts";
import { addDemoTokenRoute } from "./routes/demo-token.ts";
import { addDisconnectRoute } from "./routes/disconnect.ts";
import { addLikeRoutes } from "./routes/likes.ts";
import { addMessagesRoute, MESSAGES_PATH, messagesRead } from "./routes/messages.ts";
import { addSessionRoutes } from "./routes/sessions.ts";
import { addStatusRoute, STATUS_PATH, statusRead } from "./routes/status.ts";
import { bodiesAlone } from "./schemas.ts";
import { addUploadCalls } from "./upload-calls.ts";

const BODY_MAX_BYTES = 16_384;
/** A request that is not there in full by then is cut. */
const REQUEST_TIMEOUT_MS = 10_000;
const TIMEOUT_CHECK_MS = 1_000;

export interface PublicServerOptions {
  /** Origins that may call from a browser beside the page's own. */
  allowedOrigins: readonly string[];
  /** Folder of the built page; undefined: no page. */
  webDir: string | undefined;
  /** Whether there is `/docs`; `/openapi.json` always is. */
  isDocsPageOn: boolean;
  /** Undefined: no demo sign-in (production). */
  demoTokens: TokenConfig | undefined;
  /** Told of every answer. */
  onAnswer: OnAnswer;
}

/** Ready to `listen` or `inject`; opens nothing by itself. */
export async function buildPublicServer(parts: ApiParts, options: PublicServerOptions): Promise<App> {
  const httpLog = parts.log.child({ component: "http" });
  const loggerInstance: FastifyBaseLogger = httpLog;
  const app = Fastify({
    loggerInstance,
    childLoggerFactory: (logger) => logger, // a logger a request costs more than most requests, and lines name method and route
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_MAX_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: { headersTimeout: REQUEST_TIMEOUT_MS, connectionsCheckingInterval: TIMEOUT_CHECK_MS },
    // At the stop: idle connections are cut, requests in hand are answered and close theirs (see endKeepAlive).
    forceCloseConnections: "idle",
    return503OnClosing: false,
    frameworkErrors: (error, _request, reply) => void sendProblem(reply, asClientError(error)),
    clientErrorHandler: answerBrokenRequest,
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.decorateRequest("identity", undefined);
  app.decorateRequest("actor", undefined);
  app.setErrorHandler(answerError);
  app.setValidatorCompiler(bodiesAlone);
  app.setSerializerCompiler(() => JSON.stringify);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "string" }, async (_request: FastifyRequest, body: string) =>
    parseJsonBody(body),
  );
  const report = answerReport(httpLog, options.onAnswer);
  app.addHook("onResponse", (request, reply, done) => {
    const { method, url } = request;
    report({ method, route: request.routeOptions.url ?? "unrouted", url, status: reply.statusCode, ms: reply.elapsedTime });
    done();
  });
  endKeepAlive(app);
  await addHeaders(app, options.allowedOrigins);
  answerUnrouted(app);
  await addDescription(app, { withPage: options.isDocsPageOn });
  const reads = { [STATUS_PATH]: statusRead(parts), [MESSAGES_PATH]: messagesRead(parts) };
  // A context of its own: its hooks ask for a token, the page's and the demo's routes need none.
  await app.register((chat, _options, done) => {
    addChatRoutes(chat.withTypeProvider<TypeBoxTypeProvider>(), parts, reads);
    done();
  });
  await app.register((conversations, _options, done) => {
    addConversationSurface(conversations.withTypeProvider<TypeBoxTypeProvider>(), parts);
    done();
  });
  await app.register((uploads, _options, done) => {
    addUploadCalls(uploads.withTypeProvider<TypeBoxTypeProvider>(), parts);
    done();
  });
  if (options.demoTokens) addDemoTokenRoute(app, options.demoTokens);
  if (options.webDir !== undefined) await addPages(app, options.webDir);
  if (parts.settings.enabled) {
    answerAhead(app, { reads, verifier: parts.verifier, headersByOrigin: await headersByOrigin(options.allowedOrigins), report });
  }
  await app.ready();
  return app;
}

type ChatReads = Record<typeof STATUS_PATH | typeof MESSAGES_PATH, AnswerRead>;

/** Everything below /live-chat: a token always; nothing but the status while the chat is switched off. */
function addChatRoutes(chat: App, parts: ApiParts, reads: ChatReads): void {
  chat.addHook("onRoute", (route) => {
    route.schema = { ...route.schema, security: [{ bearer: [] }], tags: ["live chat"] };
  });
  if (!parts.settings.enabled) {
    chat.addHook("onRequest", async (request) => {
      if (request.routeOptions.url !== "/live-chat/status") throw new ClientError("chat_disabled");
    });
  }
  chat.addHook("onRequest", authenticate(parts.verifier));
  addStatusRoute(chat, reads[STATUS_PATH]);
  addMessagesRoute(chat, reads[MESSAGES_PATH]);
  addLikeRoutes(chat, parts);
  addSessionRoutes(chat, parts);
  addDisconnectRoute(chat, parts);
}

/** A connection kept alive would keep the server from closing for as long as its client likes. */
function endKeepAlive(app: App): void {
  let closing = false;
  app.addHook("preClose", async () => {
    closing = true;
  });
  app.addHook("onSend", (_request, reply, payload, done) => {
    if (closing) reply.header("connection", "close");
    done(null, payload);
  });
}

function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = asClientError(error);
  const fields = { method: request.method, route: request.routeOptions.url, err: problem.cause ?? problem };
  if (problem.code === "internal") request.log.error(fields, "request failed");
  else if (problem.code === "unavailable") request.log.warn(fields, "request needs a store that is away");
  else request.log.debug(fields, "request refused");
  return sendProblem(reply, problem);
}
