/** What single sockets missed, had twice or had late: the first of them whole, the others counted. */
import type { Violation, Where } from "./receipts-report.ts";

const MAX_VIOLATIONS = 200;

export class Violations {
  readonly list: Violation[];
  more: number;

  constructor({ list, more }: Pick<Violations, "list" | "more"> = { list: [], more: 0 }) {
    this.list = [...list];
    this.more = more;
  }

  tell({ room, gateway, version }: Where, violation: Omit<Violation, keyof Where>): void {
    if (this.list.length < MAX_VIOLATIONS) this.list.push({ room, gateway, version, ...violation });
    else this.more += 1;
  }
}
