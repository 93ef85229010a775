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
  departures: Departure[];
}

/**
 * What reports come to in the end, at most one arrival a user. Departures without an arrival before them depend on the
 * row: each closes it where its gateway has it. Sorted by session and user.
 */
export function collapseChanges(reports: readonly ViewerChanges[]): { arrivals: Arrival[]; departures: Departure[] } {
  const fates = new Map<string, Fate>();
  for (const { sessionId, gatewayId, seenAt, joined, left } of reports) {
    const head = { sessionId, gatewayId, seenAt };
    for (const userId of joined) fates.set(`${sessionId}:${userId}`, { arrival: { ...head, userId, isActive: true }, departures: [] });
    for (const userId of left) leave(fates, { ...head, userId });
  }
  const byUser = (a: Departure, b: Departure) => a.sessionId - b.sessionId || a.userId - b.userId;
  const all = [...fates.values()];
  return {
    arrivals: all.flatMap(({ arrival }) => arrival ?? []).sort(byUser),
    departures: all.flatMap(({ departures }) => departures).sort(byUser),
  };
}

function leave(fates: Map<string, Fate>, departure: Departure): void {
  const key = `${departure.sessionId}:${departure.userId}`;
  const fate = fates.get(key);
  if (fate === undefined) fates.set(key, { arrival: undefined, departures: [departure] });
  else if (fate.arrival === undefined) fate.departures.push(departure);
  else if (fate.arrival.gatewayId === departure.gatewayId) fate.arrival = { ...fate.arrival, seenAt: departure.seenAt, isActive: false };
}
