/** What page and widget have of a signed-in person: one socket, the REST calls, and a place in the storage. */
import { ConversationsApi } from "@drawchat/client/conversations-api";
import { ConversationsClient } from "@drawchat/client/conversations-client";
import type { Access } from "../access.ts";
import { takeOutbox } from "../keepsakes.ts";

/** Longest message before the server has told its own limit. */
const MAX_CHARS = 2_000;
/** Without a hand on the page for so long a person is away. */
const AWAY_MS = 5 * 60_000;

export class Workplace {
  readonly access: Access;
  readonly api: ConversationsApi;
  readonly client: ConversationsClient;
  /** Tells servers and people apart in names of storage. */
  readonly owner: string;
  maxChars = MAX_CHARS;
  readonly #outbox: ReturnType<typeof takeOutbox>;
  #awayTimer: ReturnType<typeof setTimeout> | undefined;

  /** After the first token: its person names what is stored. */
  constructor(access: Access) {
    this.access = access;
    this.owner = `${access.server}.${access.identity.userId}`;
    this.#outbox = takeOutbox(`conversations.${this.owner}`);
    this.api = new ConversationsApi({ url: access.server, tokens: access.tokens });
    this.client = new ConversationsClient({ url: access.socketUrl, ...access.socketToken, ...this.#outbox });
    this.client.on("limits", (limits) => {
      this.maxChars = limits.message_max_chars;
    });
  }

  start(): void {
    for (const name of SIGNS_OF_LIFE) addEventListener(name, this.#onSign, { passive: true });
    document.addEventListener("visibilitychange", this.#onSign);
    this.#onSign();
    this.client.start();
  }

  stop(): void {
    for (const name of SIGNS_OF_LIFE) removeEventListener(name, this.#onSign);
    document.removeEventListener("visibilitychange", this.#onSign);
    clearTimeout(this.#awayTimer);
    this.client.stop();
    this.#outbox.release();
  }

  readonly #onSign = () => {
    clearTimeout(this.#awayTimer);
    const isLookedAt = document.visibilityState === "visible";
    this.client.setPresence(isLookedAt ? "online" : "away");
    if (isLookedAt) this.#awayTimer = setTimeout(() => this.client.setPresence("away"), AWAY_MS);
  };
}

const SIGNS_OF_LIFE = ["pointerdown", "pointermove", "keydown", "focus"] as const;
