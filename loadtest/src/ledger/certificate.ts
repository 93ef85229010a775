/**
 * What a run proves, per room and hop. A hop is clean where everything that it owed was delivered once, in order, or
 * skipped by a rule that was declared before the run. A hop that nobody watched says so instead of being clean.
 */
import Type, { type Static } from "typebox";

/**
 * In the order of a message's way:
 *   sent      the sender wrote it to its socket, as the schedule wanted it
 *   accepted  the sender was told its id, or (version 1 is told nothing) it is seen further on
 *   logged    Redis has it in the partition's log, or in the room's history, which the same script writes
 *   relayed   a gateway took it from Redis            (once a gateway)
 *   handed    the gateway handed it to `publish`       (once a gateway and wire version)
 *   received  the sockets that were there got it      (once a gateway and wire version)
 *   stored    it is a row in Postgres
 * A row stands for what happened between the hop before and itself: `relayed` lost is lost on the way from Redis.
 */
export const HOPS = ["sent", "accepted", "logged", "relayed", "handed", "received", "stored"] as const;
export const Hop = Type.Enum(HOPS);
export type Hop = Static<typeof Hop>;

/**
 * Why something was rightly not delivered: the code of a refusal (`rate_limited`), or of the last answer that put it off (`busy`), or
 *   no_connection  `sent`: its sender had none when it was due
 *   unanswered     `accepted`: the connection ended before the answer, and the sender knows that
 *   sampled        `handed`, `received`: accepted and declared as not shown
 *   unknown        as `sampled`, where the chat samples and, without the log and an ack, nobody says whether it was to be shown
 *   reset          `received`: the socket was told to begin anew (`reset`, `recovered: false`)
 *   dead_letter    `stored`: Postgres would not take it, an operator can
 */
export const SkipRule = Type.String();

export const HopCount = Type.Object({
  hop: Hop,
  /** `gateway-1`, `gateway-1 v2`, or empty where the hop is one for all. */
  where: Type.String(),
  isObserved: Type.Boolean(),
  /** Of a long run's periods, in how many nobody watched: the counts are those of the others. Absent: none. */
  unwatchedPeriods: Type.Optional(Type.Integer({ minimum: 1 })),
  /**
   * Deliveries owed: events, at `received` events × sockets. What the hop before did not bring is not owed. Owed is once and
   * skipped and lost and disordered together; doubled comes on top.
   */
  owed: Type.Integer({ minimum: 0 }),
  once: Type.Integer({ minimum: 0 }),
  skipped: Type.Record(SkipRule, Type.Integer({ minimum: 0 })),
  lost: Type.Integer({ minimum: 0 }),
  doubled: Type.Integer({ minimum: 0 }),
  disordered: Type.Integer({ minimum: 0 }),
});
export type HopCount = Static<typeof HopCount>;

/** One finding, as many as fit: what, where, which message. */
export const Finding = Type.Object({
  room: Type.String(),
  hop: Hop,
  where: Type.String(),
  kind: Type.Enum(["lost", "doubled", "disordered"]),
  /** Event id, or 0 where it has none yet. */
  id: Type.Number(),
  /** Made from run, sender and number, also for version 1, which sends none. */
  clientId: Type.String(),
  /** At `received` to how many sockets it happened, otherwise how many times; absent: once. */
  times: Type.Optional(Type.Integer({ minimum: 2 })),
});
export type Finding = Static<typeof Finding>;

export const Certificate = Type.Object({
  /** True where every watched hop of every room is clean, and every frame could be read. */
  isClean: Type.Boolean(),
  rooms: Type.Array(Type.Object({ room: Type.String(), hops: Type.Array(HopCount) })),
  findings: Type.Array(Finding),
  /** Findings beyond those listed. */
  moreFindings: Type.Integer({ minimum: 0 }),
  /** Frames that came to sockets and could not be read; absent: none. */
  unreadableFrames: Type.Optional(Type.Integer({ minimum: 1 })),
});
export type Certificate = Static<typeof Certificate>;
