/** Text of a socket → frame of `WS /conversations/ws`, as decode.ts does it for live chats. */
import type { ConversationServerFrame } from "@drawchat/protocol/conversations";
import { decodeFrame, EVENTS, type FrameShapes } from "./decode.ts";
import type { Shape } from "./shape.ts";

const MEMBERS: Shape = [{ user_id: "number", read_upto: "number", presence: "string" }];

const FRAMES: FrameShapes<ConversationServerFrame> = {
  welcome: { user: { user_id: "number", role: "string" }, server_time: "string", limits: {} },
  joined: {
    room: "string",
    epoch: "string",
    recovered: "boolean",
    events: EVENTS,
    upto: "number",
    members: MEMBERS,
    is_bot_on: "boolean",
  },
  members: { room: "string", members: MEMBERS, is_bot_on: "boolean" },
  left: { room: "string", reason: "string" },
  batch: { room: "string", after: "number", upto: "number", events: EVENTS },
  ack: { room: "string", client_id: "string", id: "number" },
  stored: { room: "string", upto: "number" },
  rejected: { room: "string", client_id: "string", code: "string" },
  tip: { room: "string", upto: "number" },
  reset: { room: "string", epoch: "string", events: EVENTS, upto: "number" },
  read: { room: "string", user_id: "number", upto: "number" },
  typing: { room: "string", user_id: "number", is_typing: "boolean", expires_in_ms: "number" },
  presence: { user_id: "number", state: "string" },
  inbox: { conversation: { id: "number", version: "number" } },
  inbox_removed: { conversation_id: "number" },
  inbox_stale: {},
  token_expiring: { at: "string" },
  reconnect: { after_ms: "number" },
  pong: {},
  error: { code: "string", message: "string" },
};

/** The frame in a text, or undefined where it is none that this client knows. */
export function decodeConversationFrame(text: string): ConversationServerFrame | undefined {
  return decodeFrame(text, FRAMES);
}
