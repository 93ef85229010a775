/** What a night asks of a cluster, from what an operator knows of it. */

export interface NightAsked {
  readonly viewers: number;
  readonly rooms: number;
  /** How many of the viewers write. */
  readonly chatters: number;
  readonly messagesPerChatterPerMinute: number;
  /** The rate at the draw, in times of the mean. */
  readonly burst: number;
  readonly textBytes: number;
  /** 0 to 1. */
  readonly v1Share: number;
  readonly hours: number;
  readonly joinMinutes: number;
  readonly likesPerViewer: number;
  /** Messages a second and room above which they are sampled; 0: never. */
  readonly sampleAbove: number;
  /** Within which the sockets of a lost gateway come back. */
  readonly comebackSeconds: number;
}

/** The moments for which a cluster is sized. */
export const MOMENTS = ["draw", "doors", "comeback"] as const;
export type Moment = (typeof MOMENTS)[number];

/** A second, of all rooms and gateways. */
export interface MomentLoad {
  readonly sockets: number;
  readonly accepted: number;
  /** Of these, what sockets get. */
  readonly shown: number;
  readonly joins: number;
}

export function meanMessages({ chatters, messagesPerChatterPerMinute }: NightAsked): number {
  return (chatters * messagesPerChatterPerMinute) / 60;
}

/** `comeback`: one of the gateways is gone, its sockets come to the others. */
export function momentLoad(moment: Moment, night: NightAsked, gateways: number): MomentLoad {
  const { viewers, burst, joinMinutes, comebackSeconds } = night;
  const accepted = meanMessages(night) * (moment === "draw" ? burst : 1);
  const joins = { draw: 0, doors: viewers / (joinMinutes * 60), comeback: viewers / gateways / comebackSeconds }[moment];
  return { sockets: viewers, accepted, shown: shownOf(accepted, night), joins };
}

function shownOf(accepted: number, { sampleAbove, rooms }: NightAsked): number {
  return sampleAbove === 0 ? accepted : Math.min(accepted, sampleAbove * rooms);
}

export interface Rows {
  readonly messages: number;
  readonly likes: number;
  readonly viewers: number;
}

/** What lies in Postgres after the night. Likes spread over it; the burst is short. */
export function rowsOf(night: NightAsked): Rows {
  const { viewers, hours, likesPerViewer } = night;
  return { messages: Math.round(meanMessages(night) * 3_600 * hours), likes: Math.round(viewers * likesPerViewer), viewers };
}
