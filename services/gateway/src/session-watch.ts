/** The state of a session as time passes: scheduled → open → closed, by Redis's clock; nothing waits for a job. */
import type { SessionFrame, SessionState } from "@drawchat/protocol/frames";
import type { SessionPolicy } from "@drawchat/redis/room-state";
import type { RedisClock } from "./redis-clock.ts";

/** Timers of Node hold 2^31 ms at most, and a long wait would not see a corrected clock. */
const MAX_WAIT_MS = 60_000;

/** The state that holds at an instant. A row that was closed or cancelled stays so. */
export function stateAt(policy: SessionPolicy, nowMs: number): SessionState {
  if (policy.state === "closed" || policy.state === "cancelled") return policy.state;
  if (nowMs < policy.opensMs) return "scheduled";
  return nowMs < policy.closesMs ? "open" : "closed";
}

export function isOver(state: SessionState): boolean {
  return state === "closed" || state === "cancelled";
}

export function sessionFrame(policy: SessionPolicy, state: SessionState): SessionFrame {
  return {
    type: "session",
    state,
    opens_at: new Date(policy.opensMs).toISOString(),
    closes_at: new Date(policy.closesMs).toISOString(),
    draw_at: new Date(policy.drawMs).toISOString(),
  };
}

/** Winners, say, change a policy without anything that a client of the session must be told. */
function isSameWindow(a: SessionPolicy, b: SessionPolicy): boolean {
  return a.state === b.state && a.opensMs === b.opensMs && a.closesMs === b.closesMs && a.drawMs === b.drawMs;
}

export class SessionWatch {
  readonly #clock: RedisClock;
  readonly #onState: (state: SessionState) => void;
  #policy: SessionPolicy | undefined;
  #told: SessionState | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** `onState` is called at each change, and again where a new policy changed the times or the state. */
  constructor(clock: RedisClock, onState: (state: SessionState) => void) {
    this.#clock = clock;
    this.#onState = onState;
  }

  /** The first policy says nothing: those who come are told in their welcome. */
  watch(policy: SessionPolicy): void {
    const before = this.#policy;
    this.#policy = policy;
    if (before === undefined) this.#told = stateAt(policy, this.#clock.nowMs());
    else if (!isSameWindow(before, policy)) this.#told = undefined;
    this.#look();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#policy = undefined;
  }

  #look(): void {
    clearTimeout(this.#timer);
    const policy = this.#policy;
    if (policy === undefined) return;
    const nowMs = this.#clock.nowMs();
    const state = stateAt(policy, nowMs);
    if (state !== this.#told) {
      this.#told = state;
      this.#onState(state);
    }
    if (isOver(state)) return;
    const nextMs = state === "scheduled" ? policy.opensMs : policy.closesMs;
    this.#timer = setTimeout(() => this.#look(), Math.min(Math.max(nextMs - nowMs, 1), MAX_WAIT_MS));
  }
}
