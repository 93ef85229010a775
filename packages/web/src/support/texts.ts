/** Every word of the support widget. A page in another language hands over its own. */
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { CONVERSATION_TEXTS } from "../conversation/texts.ts";

/** `{count}`, `{time}` and `{name}` stand for what is filled in. */
export const SUPPORT_TEXTS = {
  ...CONVERSATION_TEXTS,
  title: "Support",
  open: "Chat with us",
  openUnread: "Chat with us, {count} unread",
  close: "Close the chat",
  back: "All conversations",
  yourConversations: "Your conversations",
  newConversation: "New conversation",
  welcome: "How can we help?",
  welcomeMore: "Write to us. You can close this at any time: the answer will be here.",
  oneMoment: "One moment…",
  listFailed: "Your conversations could not be loaded.",
  createFailed: "That could not be sent. Please try again.",
  noMessageYet: "No messages yet",
  deletedMessage: "deleted message",
  sentFile: "sent a file",
  unreadCount: "{count} unread",
  resolved: "Resolved",
  older: "Older conversations",
  botFirst: "Our bot answers at once.",
  talkToPerson: "Talk to a person",
  personPlease: "I would like to talk to a person.",
  soonPerson: "Somebody of our team will answer here.",
};

export type SupportTexts = typeof SUPPORT_TEXTS;

export const SupportTextsContext = createContext<SupportTexts>(SUPPORT_TEXTS);

export function useSupportTexts(): SupportTexts {
  return useContext(SupportTextsContext);
}
