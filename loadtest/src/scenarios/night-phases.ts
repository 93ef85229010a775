/** The shape of a draw night, in parts of its whole length: the same for two minutes and for three hours. */

export interface Phase {
  readonly name: string;
  readonly fromMs: number;
  readonly untilMs: number;
  /** How much is said in it, a second, beside the others. */
  readonly talk: number;
}

const SHAPE = [
  { name: "doors open", until: 0.4, talk: 0.6 },
  { name: "waiting", until: 0.55, talk: 1.4 },
  { name: "draw", until: 0.65, talk: 1 },
  { name: "talking it over", until: 0.8, talk: 1.2 },
  { name: "leaving", until: 1, talk: 0.4 },
] as const;

export type PhaseName = (typeof SHAPE)[number]["name"];

export function phasesOf(seconds: number): Phase[] {
  let fromMs = 0;
  return SHAPE.map(({ name, until, talk }) => {
    const phase = { name, fromMs, untilMs: Math.round(seconds * until * 1_000), talk };
    fromMs = phase.untilMs;
    return phase;
  });
}

export function phaseNamed(phases: readonly Phase[], name: PhaseName): Phase {
  const found = phases.find((phase) => phase.name === name);
  if (found === undefined) throw new RangeError(`a night has no phase "${name}"`);
  return found;
}

/** A moment between two others, likelier where more is said; `chance` from 0 to 1. */
export function talkingMoment(phases: readonly Phase[], fromMs: number, untilMs: number, chance: number): number {
  const weight = (phase: Phase) => Math.max(0, Math.min(untilMs, phase.untilMs) - Math.max(fromMs, phase.fromMs)) * phase.talk;
  let left = chance * phases.reduce((sum, phase) => sum + weight(phase), 0);
  for (const phase of phases) {
    const here = weight(phase);
    if (left < here) return Math.max(fromMs, phase.fromMs) + left / phase.talk;
    left -= here;
  }
  return untilMs;
}
