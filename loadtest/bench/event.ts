/** The event that everybody delivers: a message of drawchat as version 1 sends it, around a text that carries the mark. */
import { loadText } from "../src/generator/load-text.ts";

/** One message of a run, by its number. */
export interface Message {
  readonly run: number;
  readonly n: number;
  readonly sentUs: number;
  readonly textBytes: number;
}

/** Few and with short names, so that an event is as small as one of drawchat gets. */
const SPEAKERS = 8;

export function userOf(n: number): number {
  return 1 + (n % SPEAKERS);
}

/** The event's JSON around the id and the time, as `accept` takes it. */
export function eventParts({ run, n, sentUs, textBytes }: Message): readonly [string, string, string] {
  const userId = userOf(n);
  const text = loadText({ run, sender: userId, n, sentUs, bytes: textBytes });
  return [
    '{"type":"new_message","message":{"id":',
    `,"user_id":${userId},"username":"ann","profile_pic":"","message":"${text}","message_type":"text","likes":0,"created_at":"`,
    '","is_winner":false,"is_host":false}}',
  ];
}

/** The whole event, for those who have no `accept`: as long as one that went through it. */
export function eventText(message: Message, id: number): string {
  const [head, middle, tail] = eventParts(message);
  return `${head}${id}${middle}${new Date().toISOString()}${tail}`;
}

/** Ids as long as today's. */
export const FIRST_ID = 2 ** 47;
