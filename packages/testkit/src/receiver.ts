/** Somebody else's server, to which signed POSTs go: it notes them all and answers as it is told. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Received {
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  /** The body read as JSON. */
  readonly json: { id: string; type: string; conversation_id: number; data: Record<string, unknown>; [field: string]: unknown };
}

/** What to answer: a status, a body, or whatever the function does. */
export type Answer = number | string | ((response: ServerResponse) => void);

export interface TestReceiver {
  readonly url: string;
  readonly received: Received[];
  /** From now on; the default is 204. */
  answer: (received: Received) => Answer;
  close: () => Promise<void>;
}

export async function startReceiver(): Promise<TestReceiver> {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString("utf8");
    const one = { headers: request.headers, body, json: body === "" ? {} : JSON.parse(body) };
    received.push(one);
    const answer = receiver.answer(one);
    if (typeof answer === "function") answer(response);
    else if (typeof answer === "number") response.writeHead(answer).end();
    else response.writeHead(200, { "content-type": "application/json" }).end(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const receiver: TestReceiver = {
    url: `http://127.0.0.1:${port}/hook`,
    received,
    answer: () => 204,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}
