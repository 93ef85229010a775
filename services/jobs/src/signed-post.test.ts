import { createHmac } from "node:crypto";
import { type Answer, startReceiver } from "@drawchat/testkit/receiver";
import { afterAll, beforeEach, expect, test } from "vitest";
import { ANSWER_MAX_BYTES, postSigned, signatureOf } from "./signed-post.ts";

const SECRET = "a secret of at least thirty-two bytes";
const receiver = await startReceiver();
afterAll(() => receiver.close());
beforeEach(() => {
  receiver.received.length = 0;
});

function post({ wantsAnswer = true, timeoutMs = 2_000 } = {}): Promise<string> {
  return postSigned({ url: receiver.url, secret: SECRET }, { deliveryId: "d-1", body: '{"type":"ünïcode"}', wantsAnswer, timeoutMs });
}

const answering = (answer: Answer) => {
  receiver.answer = () => answer;
};

test("what is sent is signed by time and body, as anybody can check who has the secret", async () => {
  answering('{"reply":"hello"}');
  expect(await post()).toBe('{"reply":"hello"}');
  const { headers = {}, body } = { ...receiver.received[0] };
  expect(headers).toMatchObject({ "content-type": "application/json", "drawchat-delivery": "d-1", "user-agent": "drawchat" });
  const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers["drawchat-signature"])) ?? [];
  expect(v1).toBe(
    createHmac("sha256", Buffer.from(SECRET))
      .update(Buffer.from(`${t}.${body}`))
      .digest("hex"),
  );
  expect(Math.abs(Date.now() / 1_000 - Number(t))).toBeLessThan(30);
});

test("the signature is the one that the documentation shows", () => {
  expect(signatureOf("0123456789abcdef0123456789abcdef", '{"id":1}', 1_767_225_600_000)).toBe(
    "t=1767225600,v1=b5400d02d4e456677f2db1dcd0260caeb2276063e860a6f615759ab40965080a",
  );
});

test.each([301, 302, 307, 308])("a redirect (%i) is not followed", async (status) => {
  answering((response) => response.writeHead(status, { location: receiver.url }).end());
  await expect(post()).rejects.toThrow(`it answered ${status}`);
  expect(receiver.received).toHaveLength(1);
});

test.each([400, 404, 410, 429, 500, 503])("%i is a failure, whatever it says", async (status) => {
  answering((response) => response.writeHead(status).end("some secret of theirs"));
  await expect(post()).rejects.toThrow(new RegExp(`^it answered ${status}$`));
});

test("an answer that is too large is cut off where it is wanted, and not read where it is not", async () => {
  let sent = 0;
  answering((response) => {
    response.writeHead(200);
    const more = () => {
      while (!response.destroyed && response.write("x".repeat(16_384))) sent += 16_384;
    };
    response.on("drain", more);
    more();
  });
  await expect(post()).rejects.toThrow(`more than ${ANSWER_MAX_BYTES} bytes`);
  expect(await post({ wantsAnswer: false })).toBe("");
  expect(sent).toBeGreaterThan(0);
});

test("an answer of just the limit is taken", async () => {
  answering("x".repeat(ANSWER_MAX_BYTES));
  expect(await post()).toHaveLength(ANSWER_MAX_BYTES);
});

test("one who says nothing, or trickles, is left after the time", async () => {
  answering(() => undefined);
  await expect(post({ timeoutMs: 100 })).rejects.toThrow("it did not answer within 100 ms");
  answering((response) => {
    response.writeHead(200).write("{");
  });
  await expect(post({ timeoutMs: 100 })).rejects.toThrow("it did not answer within 100 ms");
});

test("nobody there, and a cut connection, are failures that tell nothing of what was sent", async () => {
  answering((response) => response.destroy());
  await expect(post()).rejects.toThrow(/^it cannot be reached \(\w+\)$/);
  const gone = await startReceiver();
  await gone.close();
  const nobody = postSigned({ url: gone.url, secret: SECRET }, { deliveryId: "d-1", body: "{}" });
  await expect(nobody).rejects.toThrow("it cannot be reached (ECONNREFUSED)");
});
