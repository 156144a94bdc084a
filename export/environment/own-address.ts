const loopbackHosts = new Set(["localhost", "127.0.0.1", "[::1]", "0.0.0.0", "[::]"]);

/**
 * Whether an endpoint is one of this Weir's own listeners: what it exports there would come back to it. `host` and
 * `ports` are where it listens.
 */
export function isOwnAddress(endpoint: string, host: string, ports: readonly number[]): boolean {
  const url = new URL(endpoint);
  const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
  if (!ports.includes(port)) return false;
  return loopbackHosts.has(url.hostname) || url.hostname === host || url.hostname === `[${host}]`;
}
