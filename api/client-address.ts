import { addressRanges } from "@weir/model";

/**
 * Which hops before a request are believed about the address before them, for Fastify's `trustProxy`: the gateway,
 * which passes requests on over a Unix socket, and the proxies that the configuration names.
 */
export function clientBehind(trustedProxies: readonly string[]): (address: string, hop: number) => boolean {
  const isTrusted = addressRanges(trustedProxies);
  // A Unix socket's peer has no address.
  return (address, hop) => (hop === 0 && !address) || (address !== "" && isTrusted(address));
}
