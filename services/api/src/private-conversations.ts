/** The private port's calls about conversations: what gateways must ask before a socket may act in them. */
import type { Db } from "@drawchat/db/connect";
import { seeUser } from "@drawchat/db/users";
import { ClientError } from "@drawchat/protocol/errors";
import { type SeenUser, TokenUserSeen } from "@drawchat/protocol/internal";
import type { FastifyInstance, FastifyRequest } from "fastify";
import Compile from "typebox/compile";
import { parseJsonBody } from "./json-body.ts";

const isTokenUser = Compile(TokenUserSeen);

/** `app` is a context of its own: these calls have bodies. */
export function addConversationCalls(app: FastifyInstance, { db }: { db: Db }): void {
  app.addContentTypeParser("application/json", { parseAs: "string" }, async (_request: FastifyRequest, body: string) =>
    parseJsonBody(body),
  );

  // Never from a memory: a socket that is let in by an old answer would stay.
  app.post("/internal/users/seen", async ({ body }): Promise<SeenUser> => {
    if (!isTokenUser.Check(body)) throw new ClientError("bad_request");
    const { user_id: userId, username, profile_pic: profilePic, role } = body;
    const row = await seeUser(db, { userId, username, profilePic, role });
    return { username: row.username, profile_pic: row.profile_pic, role: row.role, is_active: row.is_active };
  });
}
