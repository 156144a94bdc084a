import type { WeirConfig } from "./config-schema.ts";

/** Where somebody on this machine reaches a listener of this configuration: `https://127.0.0.1:8080`. */
export function ownAddress({ host, tls }: Pick<WeirConfig, "host" | "tls">, port: number): string {
  const shown = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host;
  return `${schemeOf(tls)}://${shown}:${port}`;
}

/** What the listeners speak. */
export function schemeOf({ certFile }: WeirConfig["tls"]): "http" | "https" {
  return certFile === undefined ? "http" : "https";
}
