/** Bytes of a live chat's client to a frame or a refusal. */
import {
  AuthFrame,
  type ClientFrame,
  type ClientFrameV1,
  HelloFrame,
  LikeFrame,
  MAX_FRAME_BYTES,
  MessageFrame,
  MessageFrameV1,
  PingFrame,
  ResumeFrame,
} from "./frames.ts";
import { checked, checker, type Decoded, parseObject, type Refusal, withReadableSince } from "./parse-frame.ts";

const ping = checker(PingFrame);
const messageV1 = checker(MessageFrameV1);
const hello = checker(HelloFrame);
const message = checker(MessageFrame);
const like = checker(LikeFrame);
const resume = checker(ResumeFrame);
const auth = checker(AuthFrame);
const clientId = checker(MessageFrame.properties.client_id);

export function decodeFrameV1(bytes: Uint8Array): Decoded<ClientFrameV1> {
  const parsed = parseObject(bytes, MAX_FRAME_BYTES);
  if (!parsed.ok) return parsed;
  const { value } = parsed;
  switch (value.type) {
    case "message":
      return checked(messageV1, value, "bad_message");
    case "ping":
      return checked(ping, value, "bad_format");
    default:
      return { ok: false, code: "unknown_type" };
  }
}

export function decodeFrame(bytes: Uint8Array): Decoded<ClientFrame> {
  const parsed = parseObject(bytes, MAX_FRAME_BYTES);
  if (!parsed.ok) return parsed;
  const { value } = parsed;
  switch (value.type) {
    case "message":
      return message.check(value) ? { ok: true, frame: value } : refusedMessage(value);
    case "like":
      return checked(like, value, "bad_id");
    case "hello":
      return checked(hello, withReadableSince(value), "bad_format");
    case "resume":
      return checked(resume, withReadableSince(value), "bad_format");
    case "auth":
      return checked(auth, value, "bad_format");
    case "ping":
      return checked(ping, value, "bad_format");
    default:
      return { ok: false, code: "unknown_type" };
  }
}

function refusedMessage({ message: text, client_id: id }: Record<string, unknown>): Refusal {
  if (!clientId.check(id)) return { ok: false, code: typeof text === "string" ? "bad_client_id" : "bad_message" };
  return { ok: false, code: typeof text === "string" ? "bad_format" : "bad_message", clientId: id };
}
