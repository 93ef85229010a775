/** Text of a socket → frame of `WS /conversations/ws`, as decode.ts does it for live chats. */
import type { ConversationServerFrame } from "@drawchat/protocol/conversations";
import { decodeFrame, type RequiredFields } from "./decode.ts";

const FRAMES: RequiredFields<ConversationServerFrame> = {
  welcome: { user: "object", server_time: "string", limits: "object" },
  joined: {
    room: "string",
    epoch: "string",
    recovered: "boolean",
    events: "events",
    upto: "number",
    members: "objects",
    is_bot_on: "boolean",
  },
  members: { room: "string", members: "objects", is_bot_on: "boolean" },
  left: { room: "string", reason: "string" },
  batch: { room: "string", after: "number", upto: "number", events: "events" },
  ack: { room: "string", client_id: "string", id: "number" },
  stored: { room: "string", upto: "number" },
  rejected: { room: "string", client_id: "string", code: "string" },
  tip: { room: "string", upto: "number" },
  reset: { room: "string", epoch: "string", events: "events", upto: "number" },
  read: { room: "string", user_id: "number", upto: "number" },
  typing: { room: "string", user_id: "number", is_typing: "boolean", expires_in_ms: "number" },
  presence: { user_id: "number", state: "string" },
  inbox: { conversation: "object" },
  inbox_removed: { conversation_id: "number" },
  token_expiring: { at: "string" },
  reconnect: { after_ms: "number" },
  pong: {},
  error: { code: "string", message: "string" },
};

/** The frame in a text, or undefined where it is none that this client knows. */
export function decodeConversationFrame(text: string): ConversationServerFrame | undefined {
  return decodeFrame(text, FRAMES);
}
