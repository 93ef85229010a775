/** What a gateway must ask of Postgres, it asks of the api's private port. */
import type { Identity } from "@drawchat/auth/claims";
import { userRoleOf } from "@drawchat/auth/policy";
import type { Attachment } from "@drawchat/protocol/conversations";
import type { RoomName } from "@drawchat/protocol/ids";
import { ClaimedUpload, SeenUser, type StaffJoin, type TokenUserSeen, type UploadClaimed } from "@drawchat/protocol/internal";
import { checker } from "@drawchat/protocol/parse-frame";

const TIMEOUT_MS = 5_000;

const seenUser = checker(SeenUser);
const claimedUpload = checker(ClaimedUpload);

export type RestoreAnswer = "restored" | "unknown" | "unavailable";

export interface UploadClaim {
  conversationId: number;
  uploadId: string;
  userId: number;
  /** Of the message. */
  clientId: string;
}

export class ApiClient {
  readonly #baseUrl: string;
  readonly #restores = new Map<RoomName, Promise<RestoreAnswer>>();

  constructor(baseUrl: string) {
    this.#baseUrl = baseUrl.replace(/\/$/, "");
  }

  /** Brings a room into Redis from Postgres. Single flight a room. Never rejects. */
  restoreRoom(room: RoomName): Promise<RestoreAnswer> {
    const running = this.#restores.get(room);
    if (running !== undefined) return running;
    const restore = this.#restore(room).finally(() => this.#restores.delete(room));
    this.#restores.set(room, restore);
    return restore;
  }

  /** The id under which this message is stored, null where it is not. Rejects when the api cannot tell. */
  async storedId(room: RoomName, userId: number, clientId: string): Promise<number | null> {
    const body = await this.#getJson(`/internal/rooms/${room}/sent?user_id=${userId}&client_id=${encodeURIComponent(clientId)}`);
    if ("id" in body && (body.id === null || typeof body.id === "number")) return body.id;
    throw new TypeError("the api answered something else than an id");
  }

  /** The likes column of a stored message, undefined where there is no such message. Rejects when the api cannot tell. */
  async messageLikes(room: RoomName, messageId: number): Promise<number | undefined> {
    const body = await this.#getJson(`/internal/rooms/${room}/messages/${messageId}`);
    if (!("exists" in body) || body.exists !== true) return undefined;
    if ("likes" in body && typeof body.likes === "number") return body.likes;
    throw new TypeError("the api answered something else than likes");
  }

  /** Makes a user known as their token has them; resolves with how conversations show them. Rejects when the api cannot tell. */
  async seen(identity: Identity): Promise<SeenUser> {
    const { userId, username, profilePic } = identity;
    const user: TokenUserSeen = { user_id: userId, username, profile_pic: profilePic, role: userRoleOf(identity) };
    const body: unknown = await (await this.#post("/internal/users/seen", user)).json();
    if (seenUser.check(body)) return body;
    throw new TypeError("the api answered something else than a user");
  }

  /** False also where there is no such conversation. Rejects when that is not known. */
  async isMember(conversationId: number, userId: number): Promise<boolean> {
    const url = `${this.#baseUrl}/internal/conversations/${conversationId}/members/${userId}`;
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    await response.body?.cancel();
    if (response.status !== 204 && response.status !== 404) throw new Error(`the api answered ${response.status}`);
    return response.status === 204;
  }

  /** This agent or admin becomes a participant. False where there is no such conversation. Rejects when that is not known. */
  async joinAsStaff(conversationId: number, userId: number): Promise<boolean> {
    const response = await this.#post(`/internal/conversations/${conversationId}/join`, { user_id: userId } satisfies StaffJoin);
    await response.body?.cancel();
    return response.ok;
  }

  /** The user's upload, for this one message. Undefined where it may not be taken. Rejects when the api cannot tell. */
  async claimUpload(claim: UploadClaim): Promise<Attachment | undefined> {
    const { conversationId, uploadId, userId, clientId } = claim;
    const path = `/internal/conversations/${conversationId}/uploads/${uploadId.toLowerCase()}/claim`;
    const response = await this.#post(path, { user_id: userId, client_id: clientId } satisfies UploadClaimed);
    const body: unknown = await response.json();
    if (!response.ok) return undefined;
    if (claimedUpload.check(body)) return body.attachment;
    throw new TypeError("the api answered something else than an upload");
  }

  async #restore(room: RoomName): Promise<RestoreAnswer> {
    try {
      const response = await fetch(`${this.#baseUrl}/internal/rooms/${room}/restore`, {
        method: "POST",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await response.body?.cancel();
      if (response.status === 204) return "restored";
      return response.status === 404 ? "unknown" : "unavailable";
    } catch {
      return "unavailable"; // refused, cut or too slow: the caller answers that, and the client comes again
    }
  }

  /** Resolves where it was done, or there is no such thing. */
  async #post(path: string, body: object): Promise<Response> {
    const response = await fetch(`${this.#baseUrl}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.ok || response.status === 404) return response;
    await response.body?.cancel();
    throw new Error(`the api answered ${response.status}`);
  }

  async #getJson(path: string): Promise<object> {
    const response = await fetch(`${this.#baseUrl}${path}`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const body: unknown = await response.json();
    if (!response.ok || typeof body !== "object" || body === null) throw new Error(`the api answered ${response.status}`);
    return body;
  }
}
