/** What the routes are made of. */
import type { CachedVerifier } from "@drawchat/auth/verdict-cache";
import type { Db } from "@drawchat/db/connect";
import type { FileStore } from "@drawchat/files/store";
import type { Acceptor } from "@drawchat/redis/accept";
import type { RedisClient } from "@drawchat/redis/connect";
import type { Log } from "@drawchat/runtime/log";
import type { ConversationSettings, LiveChatSettings } from "@drawchat/runtime/settings";
import type { DrawConfig } from "@drawchat/schedule/draw-config";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyBaseLogger, FastifyInstance, RawReplyDefaultExpression, RawRequestDefaultExpression, RawServerDefault } from "fastify";
import type { RoomGlances } from "./room-glances.ts";
import type { SeenUsers } from "./seen-users.ts";
import type { SessionDirectory } from "./session-directory.ts";
import type { UploadLimiter } from "./upload-limiter.ts";
import type { WriteLimiter } from "./write-limiter.ts";

export interface ApiParts {
  log: Log;
  redis: RedisClient;
  db: Db;
  verifier: CachedVerifier;
  acceptor: Acceptor;
  sessions: SessionDirectory;
  glances: RoomGlances;
  limiter: WriteLimiter;
  uploadLimiter: UploadLimiter;
  files: FileStore;
  users: SeenUsers;
  settings: LiveChatSettings;
  conversations: ConversationSettings;
  draw: DrawConfig;
}

/** Fastify with bodies typed by their TypeBox schemas. */
export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression<RawServerDefault>,
  RawReplyDefaultExpression<RawServerDefault>,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;
