/**
 * The text by which a message of a load run is recognised wherever it is seen: in a frame, in Redis, in a table. It says
 * whose message it is, its how-manyeth, and when it was meant to be sent. Its client_id follows from the same numbers.
 */

export interface LoadMessage {
  /** Number of the run, 32 bits: messages of another run in the same room are not ours. */
  readonly run: number;
  /** Index of the sending socket in the run, 32 bits. */
  readonly sender: number;
  /** The sender's how-manyeth message, from 0, 32 bits. */
  readonly n: number;
  /** When it was meant to be sent: CLOCK_MONOTONIC in microseconds, the same clock in every process of a machine. */
  readonly sentUs: number;
}

const LOAD_TEXT = /~([0-9a-z]{1,7})\.([0-9a-z]{1,7})\.([0-9a-z]{1,7})\.([0-9a-z]{1,11})~/;
const MAX_UINT32 = 0xffffffff;
/** Repeated behind the mark: words and spaces as people write them, nothing that JSON escapes. */
const PADDING = "and here is a line of chat about the draw that is on tonight ".repeat(34);

/** The text of a message, in ASCII, `bytes` long (at most 2,000); longer where the mark alone is longer (at most 37). */
export function loadText({ bytes, ...message }: LoadMessage & { bytes: number }): string {
  const mark = markOf(message);
  if (bytes <= mark.length) return mark;
  // Never a space at the end: a server trims texts, and a message would not be as long as wanted.
  return `${mark}${PADDING.slice(0, bytes - mark.length - 1)}.`;
}

/** The text of a message that says something: the mark, a space, the words. */
export function loadLine(message: LoadMessage, words: string): string {
  return `${markOf(message)} ${words}`;
}

function markOf({ run, sender, n, sentUs }: LoadMessage): string {
  return `~${run.toString(36)}.${sender.toString(36)}.${n.toString(36)}.${sentUs.toString(36)}~`;
}

/** The first mark in a text, wherever it stands; undefined where there is none, or one with numbers out of range. */
export function parseLoadText(text: string): LoadMessage | undefined {
  const found = LOAD_TEXT.exec(text);
  if (found === null) return undefined;
  const [run, sender, n, sentUs] = found.slice(1).map((digits) => Number.parseInt(digits, 36));
  if (run === undefined || sender === undefined || n === undefined || sentUs === undefined) return undefined;
  const isInRange = run <= MAX_UINT32 && sender <= MAX_UINT32 && n <= MAX_UINT32 && Number.isSafeInteger(sentUs);
  return isInRange ? { run, sender, n, sentUs } : undefined;
}

/** The client_id of a message: a UUID (version 8, of our own making) that holds run, sender and n and nothing else. */
export function loadClientId(run: number, sender: number, n: number): string {
  const [r, s, m] = [run, sender, n].map((value) => value.toString(16).padStart(8, "0"));
  return `${r}-${s?.slice(0, 4)}-8${s?.slice(4, 7)}-8${s?.slice(7)}00-0000${m}`;
}

const CLIENT_ID = /^([0-9a-f]{8})-([0-9a-f]{4})-8([0-9a-f]{3})-8([0-9a-f])00-0000([0-9a-f]{8})$/;

/** What `loadClientId` was made from; undefined for any other UUID. */
export function parseLoadClientId(clientId: string): Omit<LoadMessage, "sentUs"> | undefined {
  const [, run, s1, s2, s3, n] = CLIENT_ID.exec(clientId) ?? [];
  if (run === undefined || n === undefined) return undefined;
  return { run: Number.parseInt(run, 16), sender: Number.parseInt(`${s1}${s2}${s3}`, 16), n: Number.parseInt(n, 16) };
}
