/** What a gateway must ask of Postgres, it asks of the api's private port. */
import type { RoomName } from "@drawchat/protocol/ids";

const TIMEOUT_MS = 5_000;

export type RestoreAnswer = "restored" | "unknown" | "unavailable";

export class ApiClient {
  readonly #baseUrl: string;
  readonly #restores = new Map<RoomName, Promise<RestoreAnswer>>();

  constructor(baseUrl: string) {
    this.#baseUrl = baseUrl.replace(/\/$/, "");
  }

  /** Brings a room into Redis from Postgres. Single flight a room. Never rejects. */
  restoreRoom(room: RoomName): Promise<RestoreAnswer> {
    const running = this.#restores.get(room);
    if (running !== undefined) return running;
    const restore = this.#restore(room).finally(() => this.#restores.delete(room));
    this.#restores.set(room, restore);
    return restore;
  }

  /** The id under which this message is stored, null where it is not. Rejects when the api cannot tell. */
  async storedId(room: RoomName, userId: number, clientId: string): Promise<number | null> {
    const body = await this.#getJson(`/internal/rooms/${room}/sent?user_id=${userId}&client_id=${encodeURIComponent(clientId)}`);
    if ("id" in body && (body.id === null || typeof body.id === "number")) return body.id;
    throw new TypeError("the api answered something else than an id");
  }

  /** The likes column of a stored message, undefined where there is no such message. Rejects when the api cannot tell. */
  async messageLikes(room: RoomName, messageId: number): Promise<number | undefined> {
    const body = await this.#getJson(`/internal/rooms/${room}/messages/${messageId}`);
    if (!("exists" in body) || body.exists !== true) return undefined;
    if ("likes" in body && typeof body.likes === "number") return body.likes;
    throw new TypeError("the api answered something else than likes");
  }

  async #restore(room: RoomName): Promise<RestoreAnswer> {
    try {
      const response = await fetch(`${this.#baseUrl}/internal/rooms/${room}/restore`, {
        method: "POST",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await response.body?.cancel();
      if (response.status === 204) return "restored";
      return response.status === 404 ? "unknown" : "unavailable";
    } catch {
      return "unavailable"; // refused, cut or too slow: the caller answers that, and the client comes again
    }
  }

  async #getJson(path: string): Promise<object> {
    const response = await fetch(`${this.#baseUrl}${path}`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const body: unknown = await response.json();
    if (!response.ok || typeof body !== "object" || body === null) throw new Error(`the api answered ${response.status}`);
    return body;
  }
}
