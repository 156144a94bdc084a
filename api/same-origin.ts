import { CodedError } from "@weir/model";
import type { FastifyRequest } from "fastify";

const reads = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Refuses a write that another site's page made in the user's name. Browsers tell by `Sec-Fetch-Site`, and older ones
 * by `Origin`; a cookie comes only from browsers, so a write with neither is refused as well.
 */
export function checkSameOrigin(request: FastifyRequest): void {
  if (reads.has(request.method) || isFromOurPages(request)) return;
  throw new CodedError("FORBIDDEN", "The request came from another site; open Weir itself and try again.");
}

/** The same for sign-in, where there is no cookie yet: programs that send neither header may sign in. */
export function checkSameOriginIfTold(request: FastifyRequest): void {
  const { origin, "sec-fetch-site": site } = request.headers;
  if (origin !== undefined || site !== undefined) checkSameOrigin(request);
}

function isFromOurPages(request: FastifyRequest): boolean {
  const { origin, host, "sec-fetch-site": site } = request.headers;
  if (site !== undefined) return site === "same-origin";
  return origin !== undefined && URL.canParse(origin) && new URL(origin).host === host;
}
