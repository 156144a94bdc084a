import type { FastifyReply, FastifyRequest } from "fastify";

const name = "weir_session";

export function sessionSecret(request: FastifyRequest): string | undefined {
  const value = request.cookies[name];
  return value === undefined || value === "" ? undefined : value;
}

/** Kept from scripts, and not sent with other sites' requests; `Secure` where the address is https. */
export function setSessionCookie(request: FastifyRequest, reply: FastifyReply, secret: string, expires: Date): void {
  reply.setCookie(name, secret, { ...attributesFor(request), expires });
}

export function clearSessionCookie(request: FastifyRequest, reply: FastifyReply): void {
  reply.clearCookie(name, attributesFor(request));
}

function attributesFor(request: FastifyRequest) {
  return { httpOnly: true, sameSite: "lax", path: "/", secure: isHttps(request) } as const;
}

/** As the browser came, whatever lies between. */
export function isHttps(request: FastifyRequest): boolean {
  return request.headers["x-forwarded-proto"] === "https";
}
