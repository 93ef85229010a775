/** Commands to every gateway: taken at once from `dc:{ctl}`, and by a poll of their version every 2 s where that got lost. */
import { isReady, type RedisClient } from "@drawchat/redis/connect";
import { type ControlCommand, controlVersion, readControl } from "@drawchat/redis/control";
import { keys } from "@drawchat/redis/keys";
import type { Subscriber } from "@drawchat/redis/subscriber";
import { sleep } from "@drawchat/runtime/backoff";
import type { Log } from "@drawchat/runtime/log";

const POLL_MS = 2_000;

export class ControlWatch {
  readonly #redis: RedisClient;
  readonly #subscriber: Subscriber;
  readonly #log: Log;
  readonly #onCommand: (command: ControlCommand) => void;
  readonly #stopped = new AbortController();
  #version = 0;
  #reading: Promise<void> | undefined;

  constructor(deps: { redis: RedisClient; subscriber: Subscriber; log: Log; onCommand: (command: ControlCommand) => void }) {
    this.#redis = deps.redis;
    this.#subscriber = deps.subscriber;
    this.#log = deps.log;
    this.#onCommand = deps.onCommand;
  }

  /** Commands from before the start concern sockets that this process never had. */
  async start(): Promise<void> {
    this.#version = await controlVersion(this.#redis);
    await this.#subscriber.subscribe(keys.control, { onMessage: () => void this.#read() });
    void this.#poll();
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #poll(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      await sleep(POLL_MS, this.#stopped.signal);
      if (isReady(this.#redis)) await this.#read();
    }
  }

  /** Never rejects: the next poll reads again from the same version. */
  #read(): Promise<void> {
    this.#reading ??= this.#readOnce()
      .catch((error: unknown) => this.#log.warn({ component: "websocket", err: error }, "commands not read"))
      .finally(() => {
        this.#reading = undefined;
      });
    return this.#reading;
  }

  async #readOnce(): Promise<void> {
    const version = await controlVersion(this.#redis);
    // A version behind ours: Redis lost its memory, and its commands began anew.
    if (version < this.#version) this.#version = 0;
    if (version === this.#version) return;
    for (const { version: commandVersion, command } of await readControl(this.#redis, this.#version)) {
      this.#version = Math.max(this.#version, commandVersion);
      this.#onCommand(command);
    }
    this.#version = Math.max(this.#version, version);
  }
}
