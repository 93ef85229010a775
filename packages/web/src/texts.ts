/** Every word of the chat that a person reads or hears. A page in another language hands over its own. */
import { type ComponentChild, createContext } from "preact";
import { useContext } from "preact/hooks";

/** `{count}`, `{time}` and `{name}` stand for what is filled in. */
export const TEXTS = {
  title: "Draw night",
  watching: "watching",
  likeSession: "Like this draw night, {count} likes",
  leave: "Leave the chat, {name}",
  live: "Live",
  soon: "Soon",
  cancelled: "Cancelled",
  closed: "Closed",
  opensIn: "Opens in {time}",
  drawAt: "draw at {time}",
  drawIn: "Draw in {time}",
  closesIn: "closes in {time}",
  drawnAt: "Drawn at {time}",
  drawWasAt: "The draw was at {time}",
  reconnecting: "Reconnecting… What you write is kept and sent when you are back.",
  messages: "Messages",
  messageKeys: "Arrow keys move between messages, Escape goes back to writing",
  untilOpening: "until the chat opens. Make yourself comfortable.",
  quiet: "It is quiet here. Say hello!",
  connecting: "Connecting…",
  nothing: "Nothing was written here.",
  toNewest: "To the newest",
  newLine: "1 new line",
  newLines: "{count} new lines",
  leftOut: "Very busy: {count} lines were left out here. None of them is lost.",
  leftOutSpoken: "Very busy: not every line is shown at the moment. None of them is lost.",
  notShownToAll: "Sent, but not shown to everybody: it is very busy.",
  you: "You",
  host: "Host",
  winner: "Winner",
  sending: "Sending",
  sent: "Sent",
  stored: "Sent and stored",
  likeLine: "Like the line of {name}, {count} likes",
  unconfirmed: "The chat ended before this was confirmed.",
  tryAgain: "Try again",
  remove: "Remove",
  notSent: "Not sent.",
  notSentTooFast: "Not sent: too many in a short time.",
  notSentTooLong: "Not sent: it is too long.",
  notSentClosed: "Not sent: the chat is not open.",
  notSentForbidden: "Not sent: you may not write here.",
  likeFailed: "The like did not reach the server.",
  refused: "The server refused that.",
  yourMessage: "Your message",
  placeholder: "Write to everyone…",
  placeholderClosed: "The chat is not open yet",
  send: "Send",
  hint: "Enter sends, Shift+Enter starts a new line",
  tooFast: "That was fast. You can write again in {time}.",
  tooFastSpoken: "That was fast. Wait a little before you write again.",
  elsewhere: "You opened the chat somewhere else, so it paused here.",
  continueHere: "Continue here",
  signInEnded: "Your sign-in has ended.",
  joinAgain: "Join again",
  forbidden: "You cannot take part in this chat.",
  drawCancelled: "This draw was cancelled.",
  chatClosed: "The chat is closed. Thank you for being here!",
  nextOpensIn: "The next one opens in {time}.",
  oneMoment: "One moment…",
  switchedOff: "The live chat is switched off at the moment.",
  noDraw: "No draw is planned yet. This opens by itself when one is.",
  unreachable: "The server cannot be reached. Trying again…",
  anotherName: "Use another name",
};

export type Texts = typeof TEXTS;
export type TextName = keyof Texts;

export const TextsContext = createContext<Texts>(TEXTS);

export function useTexts(): Texts {
  return useContext(TextsContext);
}

/** `"{count} new lines"` with `{ count: 3 }` is `"3 new lines"`. */
export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** The same where the time is an element. */
export function fillTime(text: string, time: ComponentChild): ComponentChild[] {
  const [before, after] = text.split("{time}");
  return [before, time, after];
}
