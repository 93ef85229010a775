/** The REST calls of conversations, a method each. A refusal is an ApiError (rest.ts) under its code. */
import type { ConversationMessage, UserRole } from "@drawchat/protocol/conversations";
import type {
  Conversation,
  ConversationChange,
  ConversationMessagePage,
  ConversationPage,
  ConversationStatus,
  NewConversation,
  NewConversationMessage,
  NewNote,
  ParticipantList,
  ReadState,
  SearchPage,
  SentMessage,
  Upload,
  User,
  UserChange,
  UserPage,
} from "@drawchat/protocol/conversations-rest";
import { ANYTHING, Rest, type RestCall, readBody } from "./rest.ts";
import { nullable, type Shape } from "./shape.ts";
import { TokenSource } from "./token-source.ts";
import { uploadFile } from "./upload.ts";

export interface ConversationsApiOptions {
  /** Origin: `https://chat.example.org`. */
  url: string;
  token?: string;
  /** Asked for the first token, and when one has ended. */
  getToken?: () => Promise<string>;
  /** In place of both, where tokens are shared with others. */
  tokens?: TokenSource;
}

export interface ListRequest {
  /** Only those in which one is a participant. */
  mine?: boolean;
  unread?: boolean;
  status?: ConversationStatus;
  assignee?: number | "me" | "none";
  /** `next_before` of the page before. */
  before?: string;
  limit?: number;
}

export interface PageRequest {
  before?: number;
  after?: number;
  limit?: number;
  signal?: AbortSignal;
}

export interface UploadOptions {
  /** Default: that of a File, else `file`. */
  name?: string;
  /** From 0 to 1. */
  onProgress?: (share: number) => void;
  signal?: AbortSignal;
}

const MESSAGE: Shape = {
  id: "number",
  user_id: "number",
  username: "string",
  role: "string",
  message: "string",
  message_type: "string",
  attachment: nullable({ upload_id: "string", name: "string", content_type: "string", size_bytes: "number" }),
  created_at: "string",
};
const PARTICIPANT: Shape = { user_id: "number", username: "string", role: "string", read_upto: "number" };
const CONVERSATION: Shape = {
  id: "number",
  version: "number",
  status: "string",
  labels: ["string"],
  last_activity_at: "string",
  last_message: nullable({ id: "number", message: "string", username: "string" }),
  unread_count: "number",
  participants: [PARTICIPANT],
};
const MESSAGES: Shape = { messages: [MESSAGE], next_before: nullable("number"), next_after: nullable("number") };
const USER: Shape = { id: "number", username: "string", role: "string", presence: "string" };

export class ConversationsApi {
  readonly #rest: Rest;

  constructor({ url, token, getToken, tokens }: ConversationsApiOptions) {
    this.#rest = new Rest(url, tokens ?? new TokenSource({ token, getToken }));
  }

  // ---- conversations -----------------------------------------------------------------------------------------------

  /** Newest activity first. */
  listConversations({ mine, unread, status, assignee, before, limit }: ListRequest = {}): Promise<ConversationPage> {
    const query = { mine, unread, status, assignee, before, limit };
    return this.#rest.json({ path: "/conversations", query }, { conversations: [CONVERSATION], next_before: nullable("string") });
  }

  createConversation(conversation: NewConversation): Promise<Conversation> {
    return this.#rest.json({ method: "POST", path: "/conversations", body: conversation }, CONVERSATION);
  }

  findConversation(id: number): Promise<Conversation> {
    return this.#rest.json({ path: `/conversations/${id}` }, CONVERSATION);
  }

  changeConversation(id: number, change: ConversationChange): Promise<Conversation> {
    return this.#rest.json({ method: "PATCH", path: `/conversations/${id}`, body: change }, CONVERSATION);
  }

  listParticipants(id: number): Promise<ParticipantList> {
    return this.#rest.json({ path: `/conversations/${id}/participants` }, { participants: [PARTICIPANT] });
  }

  async addParticipant(id: number, userId: number): Promise<void> {
    await this.#rest.fetch({ method: "POST", path: `/conversations/${id}/participants`, body: { user_id: userId } });
  }

  async removeParticipant(id: number, userId: number): Promise<void> {
    await this.#rest.fetch({ method: "DELETE", path: `/conversations/${id}/participants/${userId}` });
  }

  // ---- messages ----------------------------------------------------------------------------------------------------

  /** Oldest first; without `before` and `after` the newest. */
  listMessages(id: number, request: PageRequest = {}): Promise<ConversationMessagePage> {
    return this.#page(`/conversations/${id}/messages`, request);
  }

  sendMessage(id: number, message: NewConversationMessage): Promise<SentMessage> {
    return this.#sent({ method: "POST", path: `/conversations/${id}/messages`, body: message });
  }

  editMessage(id: number, messageId: number, text: string): Promise<ConversationMessage> {
    return this.#rest.json({ method: "PATCH", path: `/conversations/${id}/messages/${messageId}`, body: { message: text } }, ANYTHING);
  }

  async deleteMessage(id: number, messageId: number): Promise<void> {
    await this.#rest.fetch({ method: "DELETE", path: `/conversations/${id}/messages/${messageId}` });
  }

  listNotes(id: number, request: PageRequest = {}): Promise<ConversationMessagePage> {
    return this.#page(`/conversations/${id}/notes`, request);
  }

  sendNote(id: number, note: NewNote): Promise<SentMessage> {
    return this.#sent({ method: "POST", path: `/conversations/${id}/notes`, body: note });
  }

  /** The mark as it is now: it never moves back. */
  markRead(id: number, upto: number): Promise<ReadState> {
    return this.#rest.json({ method: "POST", path: `/conversations/${id}/read`, body: { upto } }, { upto: "number" });
  }

  async markTyping(id: number, isTyping: boolean): Promise<void> {
    await this.#rest.fetch({ method: "POST", path: `/conversations/${id}/typing`, body: { is_typing: isTyping } });
  }

  /** Newest first. */
  search(text: string, { before, limit, signal }: Omit<PageRequest, "after"> = {}): Promise<SearchPage> {
    const shape: Shape = { hits: [{ message: MESSAGE }], next_before: nullable("number") };
    return this.#rest.json({ path: "/search", query: { q: text, before, limit }, signal }, shape);
  }

  // ---- users -------------------------------------------------------------------------------------------------------

  findMe(): Promise<User> {
    return this.#rest.json({ path: "/users/me" }, USER);
  }

  findUser(id: number): Promise<User> {
    return this.#rest.json({ path: `/users/${id}` }, USER);
  }

  /** `q`: the beginning of a name. By id. */
  listUsers({ q, role, after, limit, signal }: Omit<PageRequest, "before"> & { q?: string; role?: UserRole } = {}): Promise<UserPage> {
    return this.#rest.json({ path: "/users", query: { q, role, after, limit }, signal }, { users: [USER], next_after: nullable("number") });
  }

  changeUser(id: number, change: UserChange): Promise<User> {
    return this.#rest.json({ method: "PATCH", path: `/users/${id}`, body: change }, USER);
  }

  // ---- files -------------------------------------------------------------------------------------------------------

  /** For one message of that conversation, by its `upload_id`. */
  upload(conversationId: number, file: Blob, { name, onProgress, signal }: UploadOptions = {}): Promise<Upload> {
    const url = this.#rest.url({ path: "/uploads", query: { conversation_id: conversationId } });
    const request = { url, file, name: name ?? nameOf(file), onProgress, signal };
    const shape: Shape = { upload_id: "string", name: "string", content_type: "string", size_bytes: "number" };
    return this.#rest.withToken(async (token) => readBody<Upload>(await uploadFile({ ...request, token }), shape));
  }

  /** The bytes of a file. In a page: `URL.createObjectURL`, and `URL.revokeObjectURL` when it is not shown any more. */
  async downloadFile(uploadId: string, { thumbnail = false, signal }: { thumbnail?: boolean; signal?: AbortSignal } = {}): Promise<Blob> {
    const query = { size: thumbnail ? "thumbnail" : undefined };
    const response = await this.#rest.fetch({ path: `/uploads/${uploadId}`, query, signal });
    return await response.blob();
  }

  #page(path: string, { before, after, limit, signal }: PageRequest): Promise<ConversationMessagePage> {
    return this.#rest.json({ path, query: { before, after, limit }, signal }, MESSAGES);
  }

  #sent(call: RestCall): Promise<SentMessage> {
    return this.#rest.json(call, { message: MESSAGE, duplicate: "boolean" });
  }
}

function nameOf(file: Blob): string {
  const name: unknown = Reflect.get(file, "name");
  return typeof name === "string" && name !== "" ? name : "file";
}
