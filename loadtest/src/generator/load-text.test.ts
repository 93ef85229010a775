import { Uuid } from "@drawchat/protocol/frames";
import { cleanText, LIVE_CHAT_TEXT } from "@drawchat/protocol/text";
import { Compile } from "typebox/compile";
import { expect, test } from "vitest";
import { loadClientId, loadLine, loadText, parseLoadClientId, parseLoadText } from "./load-text.ts";

const message = { run: 0xdeadbeef, sender: 15_999, n: 4_294_967_295, sentUs: 9_007_199_254_740_991 };

test.each([39, 40, 99, 180, 500, 2_000])("a text of %i bytes says whose it is and passes a server as it is", (bytes) => {
  const text = loadText({ ...message, bytes });
  expect(Buffer.byteLength(text)).toBe(bytes);
  expect(cleanText(text, { ...LIVE_CHAT_TEXT, maxChars: 2_000 })).toEqual({ ok: true, text });
  expect(JSON.stringify(text)).toBe(`"${text}"`);
  expect(parseLoadText(text)).toEqual(message);
});

test("a text too short for the mark is the mark alone", () => {
  const text = loadText({ run: 1, sender: 0, n: 35, sentUs: 36, bytes: 5 });
  expect(text).toBe("~1.0.z.10~");
  expect(parseLoadText(`{"message":"${text}"}`)).toEqual({ run: 1, sender: 0, n: 35, sentUs: 36 });
});

test("a line says what it says behind its mark", () => {
  const text = loadLine({ run: 1, sender: 0, n: 35, sentUs: 36 }, "удачи 🍀");
  expect(text).toBe("~1.0.z.10~ удачи 🍀");
  expect(parseLoadText(JSON.stringify({ message: text }))).toEqual({ run: 1, sender: 0, n: 35, sentUs: 36 });
});

test.each(["", "hello", "~1.2.3~", "~1.2.3.4", "~zzzzzzz.1.1.1~", "~1.1.1.zzzzzzzzzzz~", "~A.1.1.1~"])(
  "%j is no message of a run",
  (text) => {
    expect(parseLoadText(text)).toBeUndefined();
  },
);

test("a client_id is a UUID of the run, the sender and the message", () => {
  const uuid = Compile(Uuid);
  for (const [run, sender, n] of [
    [0, 0, 0],
    [message.run, message.sender, message.n],
    [0xffffffff, 0xffffffff, 0xffffffff],
  ] as const) {
    const clientId = loadClientId(run, sender, n);
    expect(uuid.Check(clientId)).toBe(true);
    expect(parseLoadClientId(clientId)).toEqual({ run, sender, n });
  }
  expect(parseLoadClientId("0b7e6f0a-1d2c-4b3a-9e8f-7a6b5c4d3e2f")).toBeUndefined();
  expect(loadClientId(1, 0, 1)).not.toBe(loadClientId(1, 1, 0));
});
