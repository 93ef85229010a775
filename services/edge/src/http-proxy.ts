/** Plain HTTP: one request to one backend, bodies streamed both ways. */
import { type Agent, type IncomingMessage, type ServerResponse, request as sendRequest } from "node:http";
import { endToEndHeaders, forwardedHeaders } from "./headers.ts";
import { UNAVAILABLE } from "./unavailable.ts";

export interface ProxyOptions {
  target: URL;
  agent: Agent;
}

/** Answers 503 where the backend cannot be reached; a backend that breaks off in the middle breaks off the answer. */
export function proxyRequest(incoming: IncomingMessage, answer: ServerResponse, { target, agent }: ProxyOptions): void {
  const outgoing = sendRequest({
    agent,
    host: target.hostname,
    port: target.port,
    method: incoming.method,
    path: incoming.url,
    // Node has answered `Expect: 100-continue` by itself.
    headers: endToEndHeaders(forwardedHeaders(incoming), ["expect"]),
    setDefaultHeaders: false,
  });
  outgoing.on("response", (response) => {
    answer.writeHead(response.statusCode ?? 502, response.statusMessage, endToEndHeaders(response.rawHeaders, ["transfer-encoding"]));
    response.pipe(answer);
    response.on("error", () => answer.destroy());
  });
  outgoing.on("error", () => {
    if (answer.headersSent) answer.destroy();
    else answer.writeHead(UNAVAILABLE.status, UNAVAILABLE.headers).end(UNAVAILABLE.body);
  });
  answer.on("close", () => outgoing.destroy());
  incoming.pipe(outgoing);
}
