import type { ConversationMessage } from "@drawchat/protocol/conversations";
import { expect, test } from "vitest";
import type { EventSubmission } from "./accept.ts";
import { deleteParts, editParts, memberParts, newMessageParts } from "./conversation-message.ts";

const TIME = "2026-03-01T18:04:11.286Z";
const attachment = {
  upload_id: "6a1f0c1e-8d0f-4f0e-9d52-4a5b7d1f3c11",
  name: 'a "b".pdf',
  content_type: "application/pdf",
  size_bytes: 7,
  width: null,
  height: null,
};
const message: ConversationMessage = {
  id: 64_035,
  conversation_id: 99,
  user_id: 7,
  username: 'ann "the" \\ b',
  profile_pic: null,
  role: "customer",
  message: 'line\n"quoted" </script>',
  message_type: "text",
  attachment,
  created_at: TIME,
  edited_at: null,
  deleted_at: null,
};

/** As `accept` fills the slots. */
const filled = ([head, middle, tail]: EventSubmission["parts"], id: number) => `${head}${id}${middle}${tail === "" ? "" : TIME + tail}`;

test("a new message is the protocol's, its fields in their order", () => {
  const body = filled(newMessageParts(Object.fromEntries(Object.entries(message).reverse()) as ConversationMessage), message.id);
  expect(body).toBe(JSON.stringify({ type: "new_message", message }));
});

test("an edit is the whole message with when it was edited", () => {
  const body = filled(editParts(message), 65_035);
  expect(body).toBe(JSON.stringify({ type: "edit", id: 65_035, message: { ...message, edited_at: TIME } }));
});

test("a delete names its message, a member who it is and whether they came", () => {
  expect(JSON.parse(filled(deleteParts(64_035), 66_035))).toEqual({ type: "delete", id: 66_035, message_id: 64_035 });
  const member = JSON.parse(filled(memberParts({ userId: 7, username: 'a"b', role: "customer" }, true), 67_035));
  expect(member).toEqual({ type: "member", id: 67_035, user_id: 7, username: 'a"b', role: "customer", joined: true });
});
