import { BlockList, isIPv6 } from "node:net";

/**
 * Which hops before a request are believed about the address before them, for Fastify's `trustProxy`: the gateway,
 * which passes requests on over a Unix socket, and the proxies that the configuration names.
 */
export function clientBehind(trustedProxies: readonly string[]): (address: string, hop: number) => boolean {
  const trusted = new BlockList();
  for (const proxy of trustedProxies) {
    const [network = "", bits] = proxy.split("/");
    const family = isIPv6(network) ? "ipv6" : "ipv4";
    if (bits === undefined) trusted.addAddress(network, family);
    else trusted.addSubnet(network, Number(bits), family);
  }
  // A Unix socket's peer has no address.
  return (address, hop) => (hop === 0 && !address) || (address !== "" && trusted.check(address, familyOf(address)));
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIPv6(address) ? "ipv6" : "ipv4";
}
