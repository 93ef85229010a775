/** Every word that page and widget of conversations have in common. A page in another language hands over its own. */
import { createContext } from "preact";
import { useContext } from "preact/hooks";

/** `{count}`, `{time}` and `{name}` stand for what is filled in. */
export const CONVERSATION_TEXTS = {
  conversation: "Conversation",
  messages: "Messages",
  messageKeys: "Arrow keys move between messages, right to what can be done, Escape goes back to writing",
  loadingOlder: "Loading older messages…",
  olderFailed: "Older messages could not be loaded.",
  tryAgain: "Try again",
  noMessages: "No messages yet.",
  connecting: "Connecting…",
  reconnecting: "You are offline. What you write is kept and sent when you are back.",
  elsewhere: "You opened this in too many places, so it paused here.",
  continueHere: "Continue here",
  signInEnded: "Your sign-in has ended.",
  signInAgain: "Sign in again",
  forbidden: "You cannot take part in this.",
  gone: "This conversation is not there, or you are not in it any more.",
  unread: "New",
  toNewest: "To the newest",
  today: "Today",
  yesterday: "Yesterday",
  you: "You",
  bot: "Bot",
  team: "Team",
  note: "Private note",
  edited: "edited",
  deleted: "This message was deleted.",
  came: "{name} joined the conversation.",
  went: "{name} left the conversation.",
  sending: "Sending",
  sent: "Sent",
  stored: "Sent and stored",
  seenBy: "Seen by {name}",
  typingOne: "{name} is typing…",
  typingSome: "{name} are typing…",
  someone: "Someone",
  and: " and ",
  edit: "Edit",
  remove: "Delete",
  removeReally: "Delete this message for everyone?",
  cancel: "Cancel",
  save: "Save",
  notSent: "Not sent.",
  notSentTooFast: "Not sent: too many in a short time.",
  notSentGone: "Not sent: you are not in this conversation any more.",
  notSentFile: "Not sent: the file cannot be used any more. Attach it again.",
  discard: "Remove",
  yourMessage: "Your message",
  placeholder: "Write a message…",
  yourNote: "Your private note",
  placeholderNote: "Write a note that only agents see…",
  send: "Send",
  writeWhat: "What to write",
  reply: "Reply",
  hint: "Enter sends, Shift+Enter starts a new line",
  attach: "Attach a file",
  attachments: "Files to send",
  dropHere: "Drop files here to attach them",
  uploading: "Uploading {name}, {count} %",
  uploaded: "{name} is ready to be sent",
  cancelUpload: "Remove {name}",
  uploadTooLarge: "{name} is larger than 10 MB.",
  uploadKind: "{name} is not an image or PDF that can be sent.",
  uploadBad: "{name} cannot be read. It may be damaged.",
  uploadActive: "{name} holds scripts or other active content and cannot be sent.",
  uploadTooFast: "Too many files in a short time. Try {name} again in a minute.",
  uploadFull: "There is no space for files at the moment. Try {name} again later.",
  uploadFailed: "{name} could not be uploaded.",
  image: "Image: {name}",
  openImage: "Open image {name}",
  closeImage: "Close",
  download: "Download",
  downloadFile: "Download {name}",
  fileFailed: "The file could not be loaded.",
  online: "online",
  away: "away",
  offline: "offline",
  failed: "That did not work.",
  unreachable: "The server cannot be reached.",
  tooFast: "Too many in a short time. Wait a little.",
  notAllowed: "You may not do that.",
};

export type ConversationTexts = typeof CONVERSATION_TEXTS;
export type ConversationTextName = keyof ConversationTexts;

export const ConversationTextsContext = createContext<ConversationTexts>(CONVERSATION_TEXTS);

export function useTexts(): ConversationTexts {
  return useContext(ConversationTextsContext);
}

/** `"{count} new lines"` with `{ count: 3 }` is `"3 new lines"`. */
export { fill } from "../texts.ts";
