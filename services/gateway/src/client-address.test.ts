import { expect, test } from "vitest";
import { TrustedProxies } from "./client-address.ts";

const proxies = new TrustedProxies(["127.0.0.1", "10.0.0.0/8", "fd00::/8"]);

test.each([
  ["nobody is trusted by default", "203.0.113.9", "1.2.3.4", "203.0.113.9", false],
  ["what the trusted proxy added counts, not what the client wrote before it", "10.1.2.3", "1.2.3.4, 203.0.113.9", "203.0.113.9", false],
  ["several trusted hops are passed over", "127.0.0.1", "6.6.6.6, 203.0.113.9, 10.9.9.9", "203.0.113.9", false],
  ["a trusted proxy that names nobody is itself", "10.1.2.3", "", "10.1.2.3", true],
  ["rubbish behind a trusted proxy is not an address", "10.1.2.3", "203.0.113.9, <script>", "10.1.2.3", true],
  ["only trusted ones in the header", "127.0.0.1", "10.0.0.7", "10.0.0.7", true],
  ["an IPv4 address in IPv6 clothes is the IPv4 address", "0000:0000:0000:0000:0000:ffff:0a01:0203", "203.0.113.9", "203.0.113.9", false],
  ["IPv6", "fd00::1", "2001:db8::7", "2001:db8::7", false],
])("%s", (_fact, peer, forwardedFor, text, isTrustedProxy) => {
  expect(proxies.clientOf(peer, forwardedFor)).toEqual({ text, isTrustedProxy });
});

test.each(["10.0.0.0/33", "banana", "1.2.3.4/x", "::1/129", ""])("%j is no block", (block) => {
  expect(() => new TrustedProxies([block])).toThrow(RangeError);
});
