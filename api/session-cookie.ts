import type { FastifyReply, FastifyRequest } from "fastify";

const sessionName = "weir_session";

export function sessionSecret(request: FastifyRequest): string | undefined {
  const value = request.cookies[cookieName(sessionName, request)];
  return value === undefined || value === "" ? undefined : value;
}

export function setSessionCookie(request: FastifyRequest, reply: FastifyReply, secret: string, expires: Date): void {
  reply.setCookie(cookieName(sessionName, request), secret, { ...cookieAttributes(request), expires });
}

export function clearSessionCookie(request: FastifyRequest, reply: FastifyReply): void {
  reply.clearCookie(cookieName(sessionName, request), cookieAttributes(request));
}

/**
 * Over https a cookie of ours is `__Host-…`, which browsers take from this very host alone, and only with `Secure`: a
 * neighbour on the same domain cannot put somebody into a session of its own choice.
 */
export function cookieName(name: string, request: FastifyRequest): string {
  return isHttps(request) ? `__Host-${name}` : name;
}

/** Kept from scripts, and not sent with other sites' requests; `Secure` where the address is https. */
export function cookieAttributes(request: FastifyRequest) {
  return { httpOnly: true, sameSite: "lax", path: "/", secure: isHttps(request) } as const;
}

/** As the browser came, whatever lies between. */
export function isHttps(request: FastifyRequest): boolean {
  return request.headers["x-forwarded-proto"] === "https";
}
