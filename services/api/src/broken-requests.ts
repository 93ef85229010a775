/** What node could not read as a request, or not in time: there is no request object to answer. */
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { ClientError } from "@drawchat/protocol/errors";
import { PROBLEM_TYPE, problemOf } from "./problems.ts";

/** Sockets whose request has a clock of its own. */
const ownClocks = new WeakSet<Socket>();

/** Until its response has gone, a request on this socket is not late for the server. It must be for somebody else. */
export function keepOwnClock(socket: Socket, response: ServerResponse): void {
  ownClocks.add(socket);
  response.once("close", () => ownClocks.delete(socket));
}

export function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  const late = error.code === "ERR_HTTP_REQUEST_TIMEOUT";
  if (late && ownClocks.has(socket)) return;
  if (error.code === "ECONNRESET" || !socket.writable) socket.destroy();
  else endBroken(socket, late ? LATE : error.code === "HPE_HEADER_OVERFLOW" ? TOO_LARGE : BAD);
}

/** 408, and the end of the connection. */
export function endLate(socket: Socket): void {
  endBroken(socket, LATE);
}

const LATE = { status: 408, title: "Request Timeout" };
const TOO_LARGE = { status: 431, title: "Request Header Fields Too Large" };
const BAD = { status: 400, title: "Bad Request" };

/** Time for who is still writing to read the answer; who does not close then is cut. */
const LINGER_MS = 2_000;

function endBroken(socket: Socket, { status, title }: typeof LATE): void {
  const problem = { ...problemOf(new ClientError("bad_request", { detail: "The request could not be read." })), status, title };
  const body = JSON.stringify(problem);
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\nContent-Type: ${PROBLEM_TYPE}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n${body}`,
  );
  const cut = setTimeout(() => socket.destroy(), LINGER_MS).unref();
  socket.once("close", () => clearTimeout(cut));
}
