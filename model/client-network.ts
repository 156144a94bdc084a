import { isIPv6 } from "node:net";

/**
 * What stands for a client in limits by address: its IPv4 address, also when it is written as IPv6, or the /64 network
 * of its IPv6 address, in which one host may take any address that it likes. Other text stays as it is.
 */
export function networkOfClient(address: string): string {
  if (!isIPv6(address)) return address;
  // As URLs have it: lower case, no leading zeros, the longest run of zeros as `::`.
  const canonical = new URL(`http://[${address.replace(/%.*$/, "")}]`).hostname.slice(1, -1);
  const [head = "", tail] = canonical.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const groups = [...before, ...Array<string>(8 - before.length - after.length).fill("0"), ...after];
  if (groups.slice(0, 5).every((group) => group === "0") && groups[5] === "ffff") return ipv4Of(groups);
  return `${groups.slice(0, 4).join(":")}::/64`;
}

function ipv4Of(groups: readonly string[]): string {
  const bytes = groups.slice(6).flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 255];
  });
  return bytes.join(".");
}
