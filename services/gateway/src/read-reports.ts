/** Read marks of a seat on their way to Redis: the first at once, then every 2 s the newest, however fast somebody scrolls. */
import { Paced } from "./paced.ts";
import type { Seat } from "./seat.ts";

const GAP_MS = 2_000;

interface Report {
  upto: number;
  submitted: number;
  /** The highest that was taken. */
  taken: number;
  pace: Paced;
}

export class ReadReports {
  readonly #submit: (seat: Seat, upto: number) => Promise<boolean>;
  readonly #bySeat = new WeakMap<Seat, Report>();

  /** `submit` resolves with whether the mark was taken, and never rejects. */
  constructor(submit: (seat: Seat, upto: number) => Promise<boolean>) {
    this.#submit = submit;
  }

  /** What waits when the seat is given up goes out all the same: it was read. */
  note(seat: Seat, upto: number): void {
    const report = this.#bySeat.get(seat) ?? this.#begin(seat);
    report.upto = Math.max(report.upto, upto);
    report.pace.schedule();
  }

  #begin(seat: Seat): Report {
    const pace = new Paced(
      () => GAP_MS,
      () => {
        if (report.upto <= report.submitted) return;
        const { upto } = report;
        report.submitted = upto;
        void this.#submit(seat, upto).then((isTaken) => settle(report, upto, isTaken));
      },
    );
    const report: Report = { upto: 0, submitted: 0, taken: 0, pace };
    this.#bySeat.set(seat, report);
    return report;
  }
}

/** A mark that was refused (too high, or Redis was away) must not stand in the way of the lower ones that are right. */
function settle(report: Report, upto: number, isTaken: boolean): void {
  if (isTaken) report.taken = Math.max(report.taken, upto);
  else if (report.submitted === upto) {
    report.submitted = report.taken;
    if (report.upto === upto) report.upto = report.taken;
  }
}
