/** What is answered while nothing is up behind the edge: a problem document as the api's own. */
const body = JSON.stringify({
  type: "urn:drawchat:error:unavailable",
  title: "Service Unavailable",
  status: 503,
  detail: "No server is up behind this address yet; try again.",
  code: "unavailable",
  retry_after_ms: 1_000,
});

export const UNAVAILABLE = {
  status: 503,
  headers: {
    "content-type": "application/problem+json; charset=utf-8",
    "content-length": String(Buffer.byteLength(body)),
    "retry-after": "1",
  },
  body,
} as const;

/** The same as bytes, for a socket that asked for an upgrade. */
export const UNAVAILABLE_RESPONSE = [
  "HTTP/1.1 503 Service Unavailable",
  ...Object.entries(UNAVAILABLE.headers).map(([name, value]) => `${name}: ${value}`),
  "connection: close",
  "",
  body,
].join("\r\n");
