/** What a worker says about everything that its sockets received. Plain numbers, so that it goes from process to process. */

/** Where a socket listens. Sockets with the same three owe each other an explanation where they differ. */
export interface Where {
  readonly room: string;
  /** As in the certificate: `gateway-1`; one name for all where a balancer hides which it is. */
  readonly gateway: string;
  readonly version: 1 | 2;
}

/**
 * How many sockets something holds for, along the sequence: from behind `position` on it is `change` more. In order; what
 * holds behind the last step holds without end.
 */
export type Steps = readonly (readonly [position: number, change: number])[];

export interface GroupReceipts extends Where {
  /** Events of the run that any of the sockets received, in order of their ids, and whose they are. */
  readonly ids: readonly number[];
  readonly senders: readonly number[];
  readonly ns: readonly number[];
  /** How many sockets received each of them, at whatever time. */
  readonly delivered: readonly number[];
  /** How many sockets are owed what lies there. */
  readonly owed: Steps;
  /** How many sockets were told that they will not get what lies there (`reset`, `recovered: false`). */
  readonly reset: Steps;
  /** Received once more, and received behind a later one: `[id, times]`. */
  readonly doubled: readonly (readonly [id: number, times: number])[];
  readonly disordered: readonly (readonly [id: number, times: number])[];
  /** Events that batches said they leave out, times sockets; and where the last of the sockets that are there stands. */
  readonly sampled: number;
  readonly heardUpto: number;
}

export interface Violation extends Where {
  readonly socket: number;
  readonly kind: "lost" | "doubled" | "disordered";
  readonly id: number;
}

export interface ReceiptsReport {
  readonly groups: readonly GroupReceipts[];
  /** Some of them, with the socket; the groups count them all. */
  readonly violations: readonly Violation[];
  readonly moreViolations: number;
  /** Frames that could not be read: anything but 0 is a defect of the server, or a connection that was tampered with. */
  readonly unreadable: number;
}
