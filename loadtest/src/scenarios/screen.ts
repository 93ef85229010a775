/** What a viewer's screen shows of the counts of a room: one socket of version 2 that looks on for the whole run. */
import { V2_SUBPROTOCOL } from "@drawchat/protocol/frames";
import Type from "typebox";
import Compile from "typebox/compile";
import type { Road } from "../generator/load-connection.ts";

const Count = Type.Integer({ minimum: 0 });
const checkCounts = Compile(
  Type.Object({
    type: Type.Literal("counts"),
    total_likes: Type.Optional(Count),
    likes: Type.Optional(Type.Record(Type.String(), Count)),
  }),
);

const WELCOME_WITHIN_MS = 10_000;

export class Screen {
  likesOfSession = 0;
  /** By message. */
  readonly likesOfMessages = new Map<number, number>();
  readonly session: number;
  readonly #socket: WebSocket;
  readonly #ready = Promise.withResolvers<void>();

  /** Resolves when it has shown the counts for the first time. */
  static async open({ host, port }: Road, session: number, token: string): Promise<Screen> {
    const screen = new Screen(`ws://${host}:${port}/live-chat/ws/${session}`, session, token);
    const timer = setTimeout(() => screen.#ready.reject(new Error(`session ${session} showed no counts within 10 s`)), WELCOME_WITHIN_MS);
    await screen.#ready.promise.finally(() => clearTimeout(timer));
    return screen;
  }

  private constructor(url: string, session: number, token: string) {
    this.session = session;
    this.#socket = new WebSocket(url, [V2_SUBPROTOCOL, `bearer.${token}`]);
    this.#socket.addEventListener("open", () => this.#socket.send('{"type":"hello"}'));
    this.#socket.addEventListener("message", ({ data }) => this.#onFrame(String(data)));
    this.#socket.addEventListener("close", ({ code, reason }) => {
      this.#ready.reject(new Error(`the chat closed session ${session}: ${code} ${reason}`));
    });
  }

  /** False where it was closed meanwhile: what it shows is old. */
  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  close(): void {
    this.#socket.close();
  }

  #onFrame(text: string): void {
    if (!text.startsWith('{"type":"counts"')) return;
    const frame: unknown = JSON.parse(text);
    if (!checkCounts.Check(frame)) return;
    this.likesOfSession = frame.total_likes ?? this.likesOfSession;
    for (const [id, likes] of Object.entries(frame.likes ?? {})) this.likesOfMessages.set(Number(id), likes);
    this.#ready.resolve();
  }
}
