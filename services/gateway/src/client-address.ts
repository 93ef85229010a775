/**
 * Whose address a connection has. Anybody can write X-Forwarded-For; only what a trusted proxy added to its end counts:
 * read from the right, past the trusted ones, to the first that is not.
 */
import { BlockList, isIP } from "node:net";

export interface ClientAddress {
  readonly text: string;
  /** A trusted proxy that named nobody: a load balancer's own check, exempt from limits of an address. */
  readonly isTrustedProxy: boolean;
}

export class TrustedProxies {
  readonly #list = new BlockList();

  /** Addresses and CIDR blocks, IPv4 and IPv6. Throws a RangeError that names the first bad one. */
  constructor(blocks: readonly string[]) {
    for (const block of blocks) {
      const [address = "", prefix] = block.split("/");
      const version = isIP(address);
      const bits = version === 4 ? 32 : 128;
      const length = prefix === undefined ? bits : Number(prefix);
      if (version === 0 || !/^\d{1,3}$/.test(prefix ?? "0") || length > bits)
        throw new RangeError(`${block} is not an address or CIDR block`);
      this.#list.addSubnet(address, length, version === 4 ? "ipv4" : "ipv6");
    }
  }

  /** `peer` is who holds the TCP connection. */
  clientOf(peer: string, forwardedFor: string): ClientAddress {
    const hops = forwardedFor.split(",").map((hop) => hop.trim());
    let text = unmapped(peer);
    while (this.#isTrusted(text)) {
      const hop = unmapped(hops.pop() ?? "");
      if (isIP(hop) === 0) return { text, isTrustedProxy: true };
      text = hop;
    }
    return { text, isTrustedProxy: false };
  }

  #isTrusted(address: string): boolean {
    const version = isIP(address);
    return version !== 0 && this.#list.check(address, version === 4 ? "ipv4" : "ipv6");
  }
}

/** `::ffff:1.2.3.4`, in whatever spelling, is 1.2.3.4. */
function unmapped(address: string): string {
  const dotted = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (dotted !== undefined) return dotted;
  const groups = /^(?:0{1,4}:){5}ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(address);
  if (groups === null) return address;
  const value = Number.parseInt(groups[1] ?? "", 16) * 65_536 + Number.parseInt(groups[2] ?? "", 16);
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join(".");
}
