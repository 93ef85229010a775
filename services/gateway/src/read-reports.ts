/** Read marks of a seat on their way to Redis: the first at once, then every 2 s the newest, however fast somebody scrolls. */
import { Paced } from "./paced.ts";
import type { Seat } from "./seat.ts";

const GAP_MS = 2_000;

interface Report {
  upto: number;
  submitted: number;
  pace: Paced;
}

export class ReadReports {
  readonly #submit: (seat: Seat, upto: number) => void;
  readonly #bySeat = new WeakMap<Seat, Report>();

  constructor(submit: (seat: Seat, upto: number) => void) {
    this.#submit = submit;
  }

  /** What waits when the seat is given up goes out all the same: it was read. */
  note(seat: Seat, upto: number): void {
    const report = this.#bySeat.get(seat) ?? this.#begin(seat);
    report.upto = Math.max(report.upto, upto);
    report.pace.schedule();
  }

  #begin(seat: Seat): Report {
    const pace = new Paced(GAP_MS, () => {
      if (report.upto <= report.submitted) return;
      report.submitted = report.upto;
      this.#submit(seat, report.upto);
    });
    const report: Report = { upto: 0, submitted: 0, pace };
    this.#bySeat.set(seat, report);
    return report;
  }
}
