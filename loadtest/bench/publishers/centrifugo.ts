/** The HTTP API of another node of Centrifugo; what comes while a call is under way goes along in the next one. */
import { eventText, FIRST_ID, type Message } from "../event.ts";
import type { Publisher } from "./publisher.ts";

const BATCH_MAX = 128;

/** `api`: such as `http://127.0.0.1:8000/api`. `stop` is given back what the node needs to end. */
export function centrifugoPublisher(api: string, channel: string, stop: () => Promise<unknown>): Publisher {
  const waiting: Message[] = [];
  let isCalling = false;
  let failed = 0;
  const call = async () => {
    isCalling = true;
    while (waiting.length > 0) {
      const commands = waiting
        .splice(0, BATCH_MAX)
        .map((message) => `{"publish":{"channel":"${channel}","data":${eventText(message, FIRST_ID + message.n)}}}`);
      const isDone = await post(`${api}/batch`, `{"commands":[${commands.join(",")}]}`);
      if (!isDone) failed += commands.length;
    }
    isCalling = false;
  };
  return {
    publish: (message) => {
      waiting.push(message);
      if (!isCalling) void call();
    },
    get failed() {
      return failed;
    },
    stop: async () => void (await stop()),
  };
}

async function post(url: string, body: string): Promise<boolean> {
  return await fetch(url, { method: "POST", headers: { "Content-Type": "application/json" }, body }).then(
    async (response) => {
      await response.arrayBuffer();
      return response.ok;
    },
    () => false,
  );
}
