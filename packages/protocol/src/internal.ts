/** Bodies of the calls between our own processes, on the private port of the api. */
import Type, { type Static } from "typebox";
import { Attachment, UserRole } from "./conversations.ts";
import { Uuid } from "./frames.ts";

const Id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
const Picture = Type.Union([Type.String(), Type.Null()]);

/** `POST /internal/users/seen`: a user as a verified token has them. */
export const TokenUserSeen = Type.Object({ user_id: Id, username: Type.String(), profile_pic: Picture, role: UserRole });
export type TokenUserSeen = Static<typeof TokenUserSeen>;
/** Its answer: how they are shown here, and whether they may do anything. */
export const SeenUser = Type.Object({ username: Type.String(), profile_pic: Picture, role: UserRole, is_active: Type.Boolean() });
export type SeenUser = Static<typeof SeenUser>;

/** `POST /internal/conversations/{id}/join`: this agent or admin writes in it and becomes a participant by that. */
export const StaffJoin = Type.Object({ user_id: Id });
export type StaffJoin = Static<typeof StaffJoin>;

/** `POST /internal/conversations/{id}/uploads/{upload_id}/claim`: a message takes the upload, for good. Again: the same. */
export const UploadClaimed = Type.Object({ user_id: Id, client_id: Uuid });
export type UploadClaimed = Static<typeof UploadClaimed>;
/** Its answer; 404 where there is no such upload of this user in this conversation, or another message has it. */
export const ClaimedUpload = Type.Object({ attachment: Attachment });
export type ClaimedUpload = Static<typeof ClaimedUpload>;
