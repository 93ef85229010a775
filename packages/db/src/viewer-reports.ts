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

/** Of one user in one session, by these reports. */
interface Fate {
  /** By gateway: where the user came and has not left since, the last one last. */
  readonly here: Map<string, Arrival>;
  /** The last one that is over. */
  over: Arrival | undefined;
  /** By gateway: the row may be its own from before. */
  readonly departures: Map<string, Departure>;
}

/**
 * What reports come to in the end: departures, which each close the row where their gateway has it, and behind them at
 * most one arrival a user. One that is over does not stand for the departures: the row may be another gateway's still.
 * Sorted by session and user.
 */
export function collapseChanges(reports: readonly ViewerChanges[]): { arrivals: Arrival[]; departures: Departure[] } {
  const fates = new Map<string, Fate>();
  for (const { sessionId, gatewayId, seenAt, joined, left } of reports) {
    for (const userId of joined) join(fateOf(fates, sessionId, userId), { sessionId, gatewayId, seenAt, userId, isActive: true });
    for (const userId of left) leave(fateOf(fates, sessionId, userId), { sessionId, gatewayId, seenAt, userId });
  }
  const byUser = (a: Departure, b: Departure) => a.sessionId - b.sessionId || a.userId - b.userId;
  const all = [...fates.values()];
  return {
    arrivals: all.flatMap(({ here, over }) => [...here.values()].at(-1) ?? over ?? []).sort(byUser),
    // Who is somewhere takes the row over, wherever it was.
    departures: all.flatMap(({ here, departures }) => (here.size > 0 ? [] : [...departures.values()])).sort(byUser),
  };
}

function fateOf(fates: Map<string, Fate>, sessionId: number, userId: number): Fate {
  const key = `${sessionId}:${userId}`;
  let fate = fates.get(key);
  if (fate === undefined) {
    fate = { here: new Map(), over: undefined, departures: new Map() };
    fates.set(key, fate);
  }
  return fate;
}

function join({ here }: Fate, arrival: Arrival): void {
  here.delete(arrival.gatewayId);
  here.set(arrival.gatewayId, arrival);
}

function leave(fate: Fate, departure: Departure): void {
  if (fate.here.delete(departure.gatewayId)) fate.over = { ...departure, isActive: false };
  fate.departures.set(departure.gatewayId, departure);
}
