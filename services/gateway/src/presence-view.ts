/**
 * Who is where over all gateways, in memory: each gateway's list under its version, and their sum. Whoever's sum changes is
 * told of once, whatever caused it.
 */
import type { PresenceState } from "@drawchat/protocol/conversations";
import { type Here, type PresenceChange, sumOf } from "@drawchat/redis/presence";

/** `lastSeenMs`: of who is offline, where that is known (Unix ms). */
export type OnPresence = (userId: number, state: PresenceState, lastSeenMs: number | undefined) => void;

interface GatewayList {
  version: number;
  users: Map<number, Here>;
}

export class PresenceView {
  readonly #gateways = new Map<string, GatewayList>();
  readonly #onPresence: OnPresence;

  constructor(onPresence: OnPresence) {
    this.#onPresence = onPresence;
  }

  /** Of a gateway's list; undefined where there is none. */
  versionOf(gatewayId: string): number | undefined {
    return this.#gateways.get(gatewayId)?.version;
  }

  stateOf(userId: number): PresenceState {
    let state: PresenceState = "offline";
    for (const { users } of this.#gateways.values()) state = sumOf(state, users.get(userId) ?? "offline");
    return state;
  }

  /** One user of a gateway, whatever the version. */
  set(gatewayId: string, userId: number, state: PresenceState, lastSeenMs?: number): void {
    const { users } = this.#listOf(gatewayId);
    const before = this.stateOf(userId);
    if (state === "offline") users.delete(userId);
    else users.set(userId, state);
    this.#tell(userId, before, lastSeenMs);
  }

  /** False where it does not follow: the gateway's list must be read. */
  apply({ gatewayId, version, follows, users, atMs }: PresenceChange): boolean {
    const list = this.#gateways.get(gatewayId);
    if (list !== undefined && version <= list.version) return true;
    if (list === undefined || list.version !== follows) return false;
    list.version = version;
    for (const [userId, state] of users) this.set(gatewayId, userId, state, atMs);
    return true;
  }

  /** The whole list of a gateway; who is not on it was last seen at `lastSeenMs`. */
  replace(gatewayId: string, version: number, users: ReadonlyMap<number, Here>, lastSeenMs: number): void {
    const list = this.#listOf(gatewayId);
    list.version = version;
    for (const userId of [...list.users.keys()]) if (!users.has(userId)) this.set(gatewayId, userId, "offline", lastSeenMs);
    for (const [userId, state] of users) if (list.users.get(userId) !== state) this.set(gatewayId, userId, state);
  }

  /** The gateway is gone, and its users with it. */
  drop(gatewayId: string, lastSeenMs: number): void {
    if (!this.#gateways.has(gatewayId)) return;
    this.replace(gatewayId, 0, new Map(), lastSeenMs);
    this.#gateways.delete(gatewayId);
  }

  #listOf(gatewayId: string): GatewayList {
    let list = this.#gateways.get(gatewayId);
    if (list === undefined) {
      list = { version: 0, users: new Map() };
      this.#gateways.set(gatewayId, list);
    }
    return list;
  }

  #tell(userId: number, before: PresenceState, lastSeenMs: number | undefined): void {
    const state = this.stateOf(userId);
    if (state !== before) this.#onPresence(userId, state, state === "offline" ? lastSeenMs : undefined);
  }
}
