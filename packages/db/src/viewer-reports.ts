/** What gateways say of their viewers, and what a run of it comes to. */

interface ViewerReportHead {
  readonly sessionId: number;
  readonly gatewayId: string;
  readonly seenAt: Date;
}

/** Joins come before leaves: who is in both came and went. */
export interface ViewerChanges extends ViewerReportHead {
  readonly kind: "changes";
  readonly joined: readonly number[];
  readonly left: readonly number[];
}

/** Everybody on this gateway with an id from `from` up to `to`. */
export interface ViewerList extends ViewerReportHead {
  readonly kind: "list";
  readonly users: readonly number[];
  readonly from: number;
  readonly to: number;
}

export type ViewerReport = ViewerChanges | ViewerList;

export interface Departure extends ViewerReportHead {
  readonly userId: number;
}

export interface Arrival extends Departure {
  /** False: left again. */
  readonly isActive: boolean;
}

interface Fate {
  arrival: Arrival | undefined;
  /** Where the user was before the arrival, and has not left since. */
  elsewhere: Arrival | undefined;
  departures: Departure[];
}

/**
 * What reports come to in the end, at most one arrival a user. Departures without an arrival before them depend on the
 * row: each closes it where its gateway has it. Sorted by session and user.
 */
export function collapseChanges(reports: readonly ViewerChanges[]): { arrivals: Arrival[]; departures: Departure[] } {
  const fates = new Map<string, Fate>();
  for (const { sessionId, gatewayId, seenAt, joined, left } of reports) {
    for (const userId of joined) join(fates, { sessionId, gatewayId, seenAt, userId, isActive: true });
    for (const userId of left) leave(fates, { sessionId, gatewayId, seenAt, userId });
  }
  const byUser = (a: Departure, b: Departure) => a.sessionId - b.sessionId || a.userId - b.userId;
  const all = [...fates.values()];
  return {
    arrivals: all.flatMap(({ arrival }) => arrival ?? []).sort(byUser),
    departures: all.flatMap(({ departures }) => departures).sort(byUser),
  };
}

const keyOf = ({ sessionId, userId }: Departure) => `${sessionId}:${userId}`;

function join(fates: Map<string, Fate>, arrival: Arrival): void {
  const before = fates.get(keyOf(arrival))?.arrival;
  const elsewhere = before?.isActive && before.gatewayId !== arrival.gatewayId ? before : undefined;
  fates.set(keyOf(arrival), { arrival, elsewhere, departures: [] });
}

function leave(fates: Map<string, Fate>, departure: Departure): void {
  const fate = fates.get(keyOf(departure));
  if (fate === undefined) fates.set(keyOf(departure), { arrival: undefined, elsewhere: undefined, departures: [departure] });
  else if (fate.arrival === undefined) fate.departures.push(departure);
  else if (fate.arrival.gatewayId === departure.gatewayId) {
    fate.arrival = fate.elsewhere ?? { ...fate.arrival, seenAt: departure.seenAt, isActive: false };
    fate.elsewhere = undefined;
  } else if (fate.elsewhere?.gatewayId === departure.gatewayId) fate.elsewhere = undefined;
}
