/** What Ctrl-C and SIGTERM do to a run. */

/** Ctrl-C below npm comes twice: from the terminal, and handed on by npm. */
const SAME_SIGNAL_MS = 1_000;

export interface SignalSteps {
  /** Whether the run can end early now and still prove what it has seen. */
  readonly canEndEarly: () => boolean;
  /** At a first Ctrl-C where that is so. */
  readonly endEarly: () => void;
  /** At a SIGTERM, or at a Ctrl-C where the run cannot end early, or was asked to. */
  readonly stop: () => void;
  /** At whatever comes after that. */
  readonly hurry: () => void;
}

export function watchSignals({ canEndEarly, endEarly, stop, hurry }: SignalSteps): void {
  let isStopping = false;
  let lastMs = Number.NEGATIVE_INFINITY;
  const onSignal = (signal: NodeJS.Signals) => {
    const nowMs = performance.now();
    if (nowMs - lastMs < SAME_SIGNAL_MS) return;
    lastMs = nowMs;
    if (isStopping) hurry();
    else if (signal === "SIGINT" && canEndEarly()) endEarly();
    else {
      isStopping = true;
      stop();
    }
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
}
