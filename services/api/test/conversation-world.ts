/** People and conversations for tests of the calls about them, in a real api, and what the writer would have stored. */
import type { Role } from "@drawchat/auth/claims";
import { ensureBotUser } from "@drawchat/db/bot-user";
import type { ConversationMessage } from "@drawchat/protocol/conversations";
import { Conversation, SentMessage } from "@drawchat/protocol/conversations-rest";
import type Type from "typebox";
import Value from "typebox/value";
import { type Answer, type Call, type TestApi, type TestApiOptions, testApi, type testStores } from "../src/test-api.ts";

export const BOT_ID = 900;

export interface World extends TestApi {
  /** A call that must succeed; its body, checked against the schema. */
  ask: <S extends Type.TSchema>(schema: S, request: string, call: Call) => Promise<Type.Static<S>>;
  /** A conversation begun by this person, who need have no row yet. */
  begin: (by: Call, more?: object) => Promise<Conversation>;
  say: (by: Call, conversationId: number, text: string, more?: object) => Promise<ConversationMessage>;
  note: (by: Call, conversationId: number, text: string) => Promise<ConversationMessage>;
  /** Puts a message into the record, as the writer would; Redis keeps what it has. */
  store: (message: ConversationMessage, clientId?: string) => Promise<void>;
}

export const person = (user: number, ...roles: Role[]): Call => ({ user, roles });

export async function conversationWorld(stores: Awaited<ReturnType<typeof testStores>>, options: TestApiOptions = {}): Promise<World> {
  const bot = { userId: BOT_ID, name: "Robo" };
  const api = await testApi(stores, { ...options, conversations: { bot, ...options.conversations } });
  await ensureBotUser(api.parts.db, bot);
  const ask: World["ask"] = async (schema, request, call) => {
    const answer = await api.call(request, call);
    if (answer.status >= 300 || !Value.Check(schema, answer.body)) throw new Error(`${request}: ${answer.status} ${answer.text}`);
    return answer.body;
  };
  const write = async (path: string, by: Call, body: object) =>
    (await ask(SentMessage, `POST ${path}`, { ...by, body: { client_id: crypto.randomUUID(), ...body } })).message;
  return {
    ...api,
    ask,
    begin: (by, more = {}) => ask(Conversation, "POST /conversations", { ...by, body: { client_id: crypto.randomUUID(), ...more } }),
    say: (by, id, message, more = {}) => write(`/conversations/${id}/messages`, by, { message, ...more }),
    note: (by, id, message) => write(`/conversations/${id}/notes`, by, { message }),
    store: (message, clientId = crypto.randomUUID()) => storeMessage(api, message, clientId),
  };
}

async function storeMessage({ parts: { db } }: TestApi, message: ConversationMessage, clientId: string): Promise<void> {
  const { message_type, attachment, ...columns } = message;
  const isNote = message_type === "note";
  const written = { is_note: isNote, client_id: clientId, attachment: attachment && JSON.stringify(attachment) };
  await db
    .insertInto("conversation_messages")
    .values({ ...columns, ...written, last_event_id: message.id })
    .execute();
  await db
    .updateTable("conversations")
    .set(isNote ? { notes_last_event_id: message.id } : { last_event_id: message.id, last_message_id: message.id })
    .where("id", "=", message.conversation_id)
    .execute();
}

export const codeOf = ({ body }: Answer): unknown => Object(body).code;
