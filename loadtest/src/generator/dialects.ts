/** Every kind of server that the generator can speak to, by the name that the command and the orders use. */
import type { Dialect } from "./dialect.ts";
import { DRAWCHAT_V1, DRAWCHAT_V2 } from "./drawchat-dialects.ts";
import { BARE, CENTRIFUGO, COUNTED_V1, COUNTED_V2, SOCKET_IO } from "./peer-dialects.ts";

export const DIALECTS = {
  v1: DRAWCHAT_V1,
  v2: DRAWCHAT_V2,
  "counted-v1": COUNTED_V1,
  "counted-v2": COUNTED_V2,
  bare: BARE,
  "socket.io": SOCKET_IO,
  centrifugo: CENTRIFUGO,
} as const satisfies Record<string, Dialect>;
export type DialectName = keyof typeof DIALECTS;
