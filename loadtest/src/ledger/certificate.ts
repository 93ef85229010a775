/**
 * What a run proves, per room and hop. A hop is clean where everything that it owed was delivered once, in order, or
 * skipped by a rule that was declared before the run. A hop that nobody watched says so instead of being clean.
 */
import Type, { type Static } from "typebox";

/** In the order of a message's way. `relayed` and `handed` exist once a gateway, `received` once a gateway and wire version. */
export const HOPS = ["sent", "accepted", "logged", "relayed", "handed", "received", "stored"] as const;
export const Hop = Type.Enum(HOPS);
export type Hop = Static<typeof Hop>;

/** Why something was rightly not delivered: a refusal that was answered, or sampling that was declared. */
export const SkipRule = Type.String();

export const HopCount = Type.Object({
  hop: Hop,
  /** `gateway-1`, `gateway-1 v2`, or empty where the hop is one for all. */
  where: Type.String(),
  isObserved: Type.Boolean(),
  /** Deliveries owed: events, at `received` events × sockets. */
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
  clientId: Type.String(),
});
export type Finding = Static<typeof Finding>;

export const Certificate = Type.Object({
  /** True where every watched hop of every room is clean. */
  isClean: Type.Boolean(),
  rooms: Type.Array(Type.Object({ room: Type.String(), hops: Type.Array(HopCount) })),
  findings: Type.Array(Finding),
  /** Findings beyond those listed. */
  moreFindings: Type.Integer({ minimum: 0 }),
});
export type Certificate = Static<typeof Certificate>;
