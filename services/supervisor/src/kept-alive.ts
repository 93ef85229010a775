/** Something that runs until we stop it: when it ends by itself it is started again, later each time it fails at once. */
import { Backoff } from "@drawchat/runtime/backoff";

/** A thing that was started: a process, a database server. */
export interface Running {
  ended: Promise<unknown>;
  stop: () => Promise<unknown>;
}

export interface KeptAliveOptions {
  name: string;
  /** Resolves when it is ready. It must end what it began when the signal aborts. */
  launch: (signal: AbortSignal) => Promise<Running>;
  onDeath: (name: string) => void;
  onReturn: (name: string) => void;
  onFailure: (name: string, error: unknown) => void;
}

const BASE_MS = 250;
const CAP_MS = 10_000;
/** After so long a run the next death is a new story. */
const STEADY_MS = 30_000;

export class KeptAlive {
  readonly #options: KeptAliveOptions;
  readonly #stopping = new AbortController();
  readonly #backoff = new Backoff({ baseMs: BASE_MS, capMs: CAP_MS });
  #running: Running | undefined;
  #watch: Promise<void> | undefined;

  constructor(options: KeptAliveOptions) {
    this.#options = options;
  }

  /** The first start: a failure is the caller's. */
  async start(): Promise<void> {
    this.#running = await this.#options.launch(this.#stopping.signal);
    this.#watch = this.#keep(this.#running);
  }

  /** It does not come back; resolves when it is gone. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running?.stop();
    await this.#watch;
    await this.#running?.stop(); // one that was just starting
  }

  async #keep(first: Running): Promise<void> {
    const { name, onDeath, onReturn } = this.#options;
    const { signal } = this.#stopping;
    let running: Running | undefined = first;
    while (!signal.aborted) {
      const startedAt = performance.now();
      await running?.ended;
      if (signal.aborted) return;
      if (running !== undefined) onDeath(name);
      if (performance.now() - startedAt > STEADY_MS) this.#backoff.reset();
      await this.#backoff.wait(signal);
      running = await this.#launchAgain(signal);
      if (running !== undefined) onReturn(name);
    }
  }

  async #launchAgain(signal: AbortSignal): Promise<Running | undefined> {
    if (signal.aborted) return undefined;
    try {
      this.#running = await this.#options.launch(signal);
      return this.#running;
    } catch (error) {
      if (!signal.aborted) this.#options.onFailure(this.#options.name, error);
      return undefined;
    }
  }
}
