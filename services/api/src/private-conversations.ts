/** The private port's calls about conversations: what gateways must ask before a socket may act in them. */
import { isStaff } from "@drawchat/auth/policy";
import { findStanding } from "@drawchat/db/membership";
import { claimUpload } from "@drawchat/db/uploads";
import { findUser, seeUser } from "@drawchat/db/users";
import { ClientError } from "@drawchat/protocol/errors";
import { type ClaimedUpload, type SeenUser, StaffJoin, TokenUserSeen, UploadClaimed } from "@drawchat/protocol/internal";
import type { FastifyInstance, FastifyRequest } from "fastify";
import Compile from "typebox/compile";
import { parseJsonBody } from "./json-body.ts";
import { readPathId, readPathUuid } from "./query.ts";
import { type JoinParts, joinConversation } from "./staff-join.ts";

const isTokenUser = Compile(TokenUserSeen);
const isStaffJoin = Compile(StaffJoin);
const isUploadClaim = Compile(UploadClaimed);

/** `app` is a context of its own: these calls have bodies. */
export function addConversationCalls(app: FastifyInstance, parts: JoinParts): void {
  const { db } = parts;
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

  app.post<{ Params: { id: string } }>("/internal/conversations/:id/join", async ({ params, body }, reply) => {
    if (!isStaffJoin.Check(body)) throw new ClientError("bad_request");
    const user = await findUser(db, body.user_id);
    if (user === undefined || !isStaff(user.role)) throw new ClientError("not_found");
    await joinConversation(parts, { conversationId: readPathId(params.id), userId: user.id });
    return reply.code(204).send();
  });

  app.get<{ Params: { id: string; user_id: string } }>("/internal/conversations/:id/members/:user_id", async ({ params }, reply) => {
    const standing = await findStanding(db, readPathId(params.id), readPathId(params.user_id));
    if (standing?.isMember !== true) throw new ClientError("not_found");
    return reply.code(204).send();
  });

  const claim = "/internal/conversations/:id/uploads/:upload_id/claim";
  app.post<{ Params: { id: string; upload_id: string } }>(claim, async ({ params, body }): Promise<ClaimedUpload> => {
    if (!isUploadClaim.Check(body)) throw new ClientError("bad_request");
    const upload = { id: readPathUuid(params.upload_id), conversationId: readPathId(params.id) };
    const attachment = await claimUpload(db, { ...upload, userId: body.user_id, clientId: body.client_id });
    if (attachment === undefined) throw new ClientError("not_found");
    return { attachment };
  });
}
