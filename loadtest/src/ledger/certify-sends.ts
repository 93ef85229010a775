/** The first two hops, sender by sender: did it go out once and in turn, and was it accepted once and in turn. */
import type { Accepted } from "./accepted.ts";
import { judge, type Verdict } from "./judge.ts";
import { keyOf, type MessageKey, type SenderPage } from "./send-book.ts";

/** A verdict whose findings are messages, since they have no ids yet. */
export interface SenderVerdict extends Pick<Verdict, "owed" | "once" | "skipped"> {
  readonly lost: readonly MessageKey[];
  readonly doubled: readonly MessageKey[];
  readonly disordered: readonly MessageKey[];
}

/** Rule of a message that the schedule wanted while its sender had no connection. */
const NO_CONNECTION = "no_connection";
/** Rule of a message whose connection ended before the answer: its sender knows that it is not known. */
const UNANSWERED = "unanswered";

/** A sender numbers its messages from 0: each is owed up to the highest that was meant to go out. */
export function judgeSent({ sender, version, sent, unsent }: SenderPage): SenderVerdict {
  const highest = Math.max(-1, ...[sent, [...unsent]].map((ns) => ns.reduce((high, n) => Math.max(high, n), -1)));
  // A repetition in version 2 goes out under its client_id, and is one message.
  const seen = version === 2 ? [...new Set(sent)] : sent;
  const verdict = judge({
    owed: Array.from({ length: highest + 1 }, (_, n) => n + 1),
    seen: seen.map((n) => ({ id: n + 1 })),
    ruleOf: (place) => (unsent.has(place - 1) ? NO_CONNECTION : undefined),
  });
  return inMessages(verdict, (place) => keyOf(sender, place - 1));
}

/** In turn means: accepted in the order in which they went out, but for those that went out again or had no answer. */
export function judgeAccepted(page: SenderPage, accepted: Accepted): SenderVerdict {
  const { sender, version, sent, unanswered, postponed } = page;
  const timesSent = new Map<number, number>();
  for (const n of sent) timesSent.set(n, (timesSent.get(n) ?? 0) + 1);
  const inTurn = [...timesSent.keys()];
  const seen = inTurn.flatMap((n, i) => {
    const ids = accepted.idsOf(sender, n);
    // Version 1 has no client_id: what goes out twice is two messages.
    const rightly = version === 1 ? (timesSent.get(n) ?? 1) : 1;
    const times = Math.min(ids.length, 1 + Math.max(0, ids.length - rightly));
    return Array.from({ length: times }, () => ({ id: i + 1, acceptedId: Math.min(...ids) }));
  });
  const verdict = judge({
    owed: inTurn.map((_, i) => i + 1),
    seen: seen.toSorted((a, b) => a.acceptedId - b.acceptedId),
    ruleOf: refusalRule(page, inTurn),
  });
  const isExempt = (n: number) => (timesSent.get(n) ?? 0) > 1 || unanswered.has(n) || postponed.has(n);
  const disordered = verdict.disordered.filter((place) => !isExempt(inTurn[place - 1] ?? -1));
  const once = verdict.once + verdict.disordered.length - disordered.length;
  return inMessages({ ...verdict, once, disordered }, (place) => keyOf(sender, inTurn[place - 1] ?? 0));
}

/** Version 1 does not say which one was refused: as many missing ones as were refused are explained. */
function refusalRule(
  { version, refused, postponed, refusals, unanswered }: SenderPage,
  inTurn: readonly number[],
): (place: number) => string | undefined {
  const unexplained = [...refusals].flatMap(([code, times]) => Array<string>(times).fill(code));
  return (place) => {
    const n = inTurn[place - 1] ?? -1;
    const code = version === 1 ? unexplained.pop() : (refused.get(n) ?? postponed.get(n));
    return code ?? (unanswered.has(n) ? UNANSWERED : undefined);
  };
}

function inMessages({ owed, once, skipped, lost, doubled, disordered }: Verdict, keyAt: (place: number) => MessageKey): SenderVerdict {
  return { owed, once, skipped, lost: lost.map(keyAt), doubled: doubled.map(keyAt), disordered: disordered.map(keyAt) };
}
