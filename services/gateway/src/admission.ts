/**
 * Who may come in at all, judged before the upgrade, so that a storm costs a few microseconds a refusal: handshakes a
 * second (of this gateway, and of an address), sockets open (of this gateway, and of an address), and nobody while the
 * gateway cannot serve those that it has.
 * The limits are counted in this process alone and reset each second: the upgrade must be answered in the same callback,
 * which a limiter that answers later cannot do.
 */
import type { ErrorCode } from "@drawchat/protocol/errors";
import type { ClientAddress } from "./client-address.ts";
import type { LoadLevel } from "./load-level.ts";

export interface AdmissionLimits {
  readonly handshakesPerSecond: number;
  readonly handshakesPerAddressPerSecond: number;
  readonly maxConnections: number;
  /** 0: no limit; a mobile carrier puts thousands behind one address. */
  readonly maxSocketsPerAddress: number;
}

export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #load: Pick<LoadLevel, "refusesSockets">;
  readonly #socketsByAddress = new Map<string, number>();
  readonly #handshakesByAddress = new Map<string, number>();
  #handshakes = 0;
  #second = 0;
  #connections = 0;

  constructor(limits: AdmissionLimits, load: Pick<LoadLevel, "refusesSockets">) {
    this.#limits = limits;
    this.#load = load;
  }

  /** Counts a handshake; undefined where it may come in. `nowMs` is monotonic. */
  judge({ text, isTrustedProxy }: ClientAddress, nowMs: number): ErrorCode | undefined {
    this.#turn(Math.floor(nowMs / 1_000));
    this.#handshakes += 1;
    if (this.#load.refusesSockets) return "overloaded";
    if (this.#handshakes > this.#limits.handshakesPerSecond) return "overloaded";
    if (this.#connections >= this.#limits.maxConnections) return "overloaded";
    if (isTrustedProxy) return undefined;
    const handshakes = (this.#handshakesByAddress.get(text) ?? 0) + 1;
    this.#handshakesByAddress.set(text, handshakes);
    if (handshakes > this.#limits.handshakesPerAddressPerSecond) return "rate_limited";
    const { maxSocketsPerAddress } = this.#limits;
    if (maxSocketsPerAddress > 0 && (this.#socketsByAddress.get(text) ?? 0) >= maxSocketsPerAddress) return "rate_limited";
    return undefined;
  }

  /**
   * A socket that was let in is open from here on. Answers what `leave` must be told: nothing where sockets of an address are
   * not counted, so that they need not keep it.
   */
  enter(address: ClientAddress): ClientAddress | undefined {
    this.#connections += 1;
    if (this.#limits.maxSocketsPerAddress === 0) return undefined;
    this.#socketsByAddress.set(address.text, (this.#socketsByAddress.get(address.text) ?? 0) + 1);
    return address;
  }

  leave(address: ClientAddress | undefined): void {
    this.#connections -= 1;
    if (address === undefined) return;
    const { text } = address;
    const left = (this.#socketsByAddress.get(text) ?? 0) - 1;
    if (left > 0) this.#socketsByAddress.set(text, left);
    else this.#socketsByAddress.delete(text);
  }

  #turn(second: number): void {
    if (second === this.#second) return;
    this.#second = second;
    this.#handshakes = 0;
    this.#handshakesByAddress.clear();
  }
}
