/** Servers that drawchat is measured beside, each as its own clients speak to it. All are only counted, by the marks in frames. */
import type { Dialect, Speaker } from "./dialect.ts";
import { DRAWCHAT_V1, DRAWCHAT_V2 } from "./drawchat-dialects.ts";

const NO_ACKS = { account: "marks", version: 2, hasAcks: false, messageFrame: ({ text }: { text: string }) => text } as const;

/** Nothing but frames that hold events: whoever is connected gets them. */
export const BARE: Dialect = {
  ...NO_ACKS,
  handshake: () => ({ path: "/", headers: {} }),
  onOpen: (speaker) => speaker.joined(),
  onText: (speaker, frame) => speaker.account(frame),
};

/** Engine.IO 4 over WebSocket: the first digit is the packet (0 open, 2 ping, 3 pong, 4 message), the second one Socket.IO's. */
export const SOCKET_IO: Dialect = {
  ...NO_ACKS,
  handshake: () => ({ path: "/socket.io/?EIO=4&transport=websocket", headers: {} }),
  onOpen: () => undefined,
  onText: (speaker, frame) => {
    if (startsWith(frame, "42")) speaker.account(frame);
    else if (startsWith(frame, "2")) speaker.say("3");
    else if (startsWith(frame, "0")) speaker.say("40");
    else if (startsWith(frame, "40")) speaker.joined();
  },
};

/** Where Centrifugo's clients listen: all of them in one channel. */
export const CENTRIFUGO_CHANNEL = "bench";

const PUSH = '{"push"';

/** Centrifugo's JSON: replies and pushes, one a line; an empty object is its ping and is said back. */
export const CENTRIFUGO: Dialect = {
  ...NO_ACKS,
  handshake: () => ({ path: "/connection/websocket", headers: {} }),
  onOpen: (speaker) => speaker.say('{"id":1,"connect":{}}'),
  onText: (speaker, frame) => {
    if (startsWith(frame, PUSH)) return speaker.account(frame);
    for (const line of frame.toString("utf8").split("\n")) onReply(speaker, line);
    if (frame.includes(PUSH)) speaker.account(frame);
  },
};

function onReply(speaker: Speaker, line: string): void {
  if (line === "{}") speaker.say("{}");
  else if (line.startsWith('{"id":1,"connect"')) speaker.say(`{"id":2,"subscribe":{"channel":"${CENTRIFUGO_CHANNEL}"}}`);
  else if (line.startsWith('{"id":2,"subscribe"')) speaker.joined();
}

/** drawchat's own, counted as the others are. */
export const COUNTED_V1: Dialect = { ...DRAWCHAT_V1, account: "marks" };
export const COUNTED_V2: Dialect = { ...DRAWCHAT_V2, account: "marks" };

function startsWith(frame: Buffer, text: string): boolean {
  if (frame.length < text.length) return false;
  for (let i = 0; i < text.length; i += 1) if (frame[i] !== text.charCodeAt(i)) return false;
  return true;
}
