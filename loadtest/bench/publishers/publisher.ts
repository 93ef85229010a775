import type { Message } from "../event.ts";

/** Brings messages to a contestant's server, through Redis as its users do. */
export interface Publisher {
  /** Returns at once; what cannot be published is counted in `failed`. */
  publish(message: Message): void;
  readonly failed: number;
  stop(): Promise<void>;
}
