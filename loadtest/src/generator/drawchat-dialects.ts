/** The two versions of drawchat's own wire. */
import { V2_SUBPROTOCOL } from "@drawchat/protocol/frames";
import type { Dialect, Speaker } from "./dialect.ts";

/** Version 1 has nothing but a token in its URL: who opened a socket is in, and never hears of its own messages. */
export const DRAWCHAT_V1: Dialect = {
  account: "ledger",
  version: 1,
  hasAcks: false,
  handshake: ({ session, token }) => ({ path: `/live-chat/ws/${session}?token=${token}`, headers: {} }),
  onOpen: (speaker) => speaker.joined(),
  onText: (speaker, frame) => {
    if (isOfType(frame, "new_message")) speaker.account(frame);
    else if (isOfType(frame, "error")) onError(speaker, frame);
  },
  messageFrame: ({ text }) => JSON.stringify({ type: "message", message: text }),
};

export const DRAWCHAT_V2: Dialect = {
  account: "ledger",
  version: 2,
  hasAcks: true,
  handshake: ({ session, token }) => ({
    path: `/live-chat/ws/${session}`,
    headers: { "Sec-WebSocket-Protocol": `${V2_SUBPROTOCOL}, bearer.${token}` },
  }),
  onOpen: (speaker) => speaker.say(JSON.stringify({ type: "hello", ...(speaker.since === undefined ? {} : { since: speaker.since }) })),
  onText: (speaker, frame) => {
    // By far the most first: everything else is rare.
    if (isOfType(frame, "batch")) speaker.account(frame);
    else if (isOfType(frame, "ack")) onAck(speaker, frame);
    else if (isOfType(frame, "welcome") || isOfType(frame, "reset")) onPage(speaker, frame);
    else if (isOfType(frame, "error") || isOfType(frame, "rejected")) onError(speaker, frame);
    else if (isOfType(frame, "reconnect")) onReconnect(speaker, frame);
  },
  likeFrame: (messageId) => JSON.stringify({ type: "like", message_id: messageId }),
  messageFrame: ({ clientId, text, isResend }) =>
    JSON.stringify({ type: "message", client_id: clientId, message: text, ...(isResend ? { resend: true } : {}) }),
};

const HEAD = '{"type":"';

/** By its first bytes: drawchat writes `type` first, and to parse each frame would cost more than all the rest. */
function isOfType(frame: Buffer, type: string): boolean {
  const end = HEAD.length + type.length;
  if (frame[end] !== 0x22) return false;
  for (let i = 0; i < type.length; i += 1) if (frame[HEAD.length + i] !== type.charCodeAt(i)) return false;
  return true;
}

/** `welcome` and `reset` name the epoch; the events in them are accounted as what they are: shown, not delivered live. */
function onPage(speaker: Speaker, frame: Buffer): void {
  // The epoch stands in the head: what users wrote comes behind it, or cannot hold an unescaped quote.
  const epoch = /"epoch":"([^"\\]{0,64})"/.exec(frame.toString("latin1", 0, Math.min(frame.length, 4_096)))?.[1];
  speaker.account(frame);
  if (epoch !== undefined) speaker.joined(epoch);
}

function onAck(speaker: Speaker, frame: Buffer): void {
  const { client_id: clientId, id, duplicate, skipped } = fieldsOf(frame);
  if (typeof clientId !== "string" || typeof id !== "number") return;
  speaker.acked(clientId, id, { isDuplicate: duplicate === true, isSkipped: skipped === true });
}

function onError(speaker: Speaker, frame: Buffer): void {
  const { code, client_id: clientId, retry_after_ms: retryAfterMs } = fieldsOf(frame);
  if (typeof code !== "string") return;
  speaker.refused(
    code,
    typeof clientId === "string" ? clientId : undefined,
    typeof retryAfterMs === "number" && retryAfterMs >= 0 ? retryAfterMs : undefined,
  );
}

function onReconnect(speaker: Speaker, frame: Buffer): void {
  const { after_ms: afterMs } = fieldsOf(frame);
  if (typeof afterMs === "number" && afterMs >= 0) speaker.comeBackIn(afterMs);
}

/** A frame that is no object has no fields: it is the server's mistake, and says nothing to us. */
function fieldsOf(frame: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(frame.toString("utf8"));
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
