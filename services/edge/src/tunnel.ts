/**
 * A WebSocket: the handshake is written again as it came, then bytes go both ways untouched. `pipe` waits for a slow
 * side, so a client that does not read is felt by the gateway, as it would be without us.
 */
import type { IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { forwardedHeaders } from "./headers.ts";
import { UNAVAILABLE_RESPONSE } from "./unavailable.ts";

/** Tries the gateways in the order given; where all refuse, the client gets a 503. `head`: bytes behind the handshake. */
export async function openTunnel(request: IncomingMessage, client: Duplex, { head, gateways }: { head: Buffer; gateways: readonly URL[] }) {
  let isGone = false;
  const onGone = () => {
    isGone = true;
  };
  client.on("error", onGone).on("close", onGone);
  const gateway = await connectFirst(gateways);
  if (isGone) return void gateway?.destroy();
  if (gateway === undefined) return void client.end(UNAVAILABLE_RESPONSE);
  gateway.write(handshakeOf(request));
  join(gateway, client);
  // A client may send its first frame without waiting for the answer; a gateway drops what comes before that.
  const leave = () => gateway.destroy();
  client.once("close", leave);
  gateway.once("data", () => {
    client.off("close", leave);
    if (head.length > 0) gateway.write(head);
    join(client, gateway);
  });
}

/** Everything of `from` goes to `to`. An orderly end is passed on behind the last byte, a broken connection at once. */
function join(from: Duplex, to: Duplex): void {
  from.pipe(to);
  from.on("error", () => to.destroy());
  from.on("close", () => {
    if (from.readableEnded) to.end();
    else to.destroy();
  });
}

function handshakeOf(request: IncomingMessage): string {
  const headers = forwardedHeaders(request);
  let text = `${request.method} ${request.url} HTTP/${request.httpVersion}\r\n`;
  for (let i = 0; i + 1 < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`;
  return `${text}\r\n`;
}

async function connectFirst(gateways: readonly URL[]): Promise<Socket | undefined> {
  for (const gateway of gateways) {
    const socket = await tryConnect(gateway);
    if (socket !== undefined) return socket;
  }
  return undefined;
}

function tryConnect({ hostname, port }: URL): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    socket.once("error", () => resolve(undefined));
    socket.once("connect", () => resolve(socket));
  });
}
