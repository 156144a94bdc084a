import { hash, timingSafeEqual } from "node:crypto";
import type { OwnRequest } from "@weir/gateway";
import { isFromForeignPage } from "@weir/model";

/** Who may read `/metrics`: its figures are of every project, with models and masked keys. */
export interface MetricsAccess {
  /** Whoever sends it as a bearer token. */
  readonly token?: string | undefined;
  /** Without a token: everybody who reaches a listener that only this machine can reach, by its own name. */
  readonly isLoopbackListener: boolean;
}

/** What to tell who may not read the metrics; undefined for who may. */
export function refusalOf(request: OwnRequest, { token, isLoopbackListener }: MetricsAccess): string | undefined {
  if (token !== undefined) {
    const sent = /^Bearer +(\S+)$/i.exec(headerOf(request, "authorization") ?? "")?.[1];
    return sent !== undefined && isEqual(sent, token) ? undefined : "Send metrics.token as `Authorization: Bearer …`.";
  }
  if (!isLoopbackListener) return "Metrics are of every project: set metrics.token, and send it as a bearer token.";
  const isOwnName = !isFromForeignPage(`http://${headerOf(request, "host") ?? "localhost"}`, undefined);
  return isOwnName ? undefined : "Ask by a name of this machine, or set metrics.token.";
}

export function headerOf({ rawHeaders }: OwnRequest, name: string): string | undefined {
  const at = rawHeaders.findIndex((spelled, index) => index % 2 === 0 && spelled.toLowerCase() === name);
  return at === -1 ? undefined : rawHeaders[at + 1];
}

function isEqual(one: string, other: string): boolean {
  return timingSafeEqual(hash("sha256", one, "buffer"), hash("sha256", other, "buffer"));
}
