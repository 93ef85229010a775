/** Which stretch of a sequence is owed to how many sockets: kept as changes, so that it costs nothing while a socket listens. */
import type { Steps } from "./receipts-report.ts";

export class Coverage {
  readonly #changes = new Map<number, number>();

  /** One more is owed what lies behind `position`. */
  begin(position: number): void {
    this.#add(position, 1);
  }

  /** One less. */
  end(position: number): void {
    this.#add(position, -1);
  }

  get steps(): Steps {
    return [...this.#changes].filter(([, change]) => change !== 0).toSorted(([a], [b]) => a - b);
  }

  #add(position: number, change: number): void {
    this.#changes.set(position, (this.#changes.get(position) ?? 0) + change);
  }
}

/** For ids that are asked for in rising order: how many sockets each is owed to. */
export function countAlong(steps: Steps): (id: number) => number {
  let next = 0;
  let count = 0;
  return (id) => {
    for (; next < steps.length; next += 1) {
      const [position = 0, change = 0] = steps[next] ?? [];
      if (position >= id) break;
      count += change;
    }
    return count;
  };
}
