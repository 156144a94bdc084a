import { randomBytes } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { EncryptJWT, errors, jwtDecrypt } from "jose";
import { z } from "zod";
import { cookieAttributes, cookieName } from "../session-cookie.ts";

const attemptName = "weir_sso";
const lifetimeSeconds = 10 * 60;

const attemptClaims = z.object({
  id: z.string(),
  providerId: z.string(),
  nonce: z.string(),
  /** Of PKCE (RFC 7636). */
  codeVerifier: z.string(),
  next: z.string(),
});

/** One browser's way to an identity provider and back: `id` is the OAuth state, and names the SAML request. */
export type Attempt = z.infer<typeof attemptClaims>;

/** Attempts are kept by the browser, sealed, so that whichever core answers the callback can go on. */
export interface Attempts {
  begin(reply: FastifyReply, request: FastifyRequest, wish: Pick<Attempt, "providerId" | "next">): Promise<Attempt>;
  /** This browser's attempt at this provider, taken out of the cookie; undefined without one that is still good. */
  take(reply: FastifyReply, request: FastifyRequest, providerId: string): Promise<Attempt | undefined>;
}

export function createAttempts(secret: Uint8Array): Attempts {
  return {
    async begin(reply, request, wish) {
      const random = () => randomBytes(32).toString("base64url");
      const attempt = { ...wish, id: random(), nonce: random(), codeVerifier: random() };
      const sealed = await new EncryptJWT(attempt)
        .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
        .setExpirationTime(`${lifetimeSeconds} s`)
        .encrypt(secret);
      reply.setCookie(cookieName(attemptName, request), sealed, {
        ...cookieAttributes(request),
        maxAge: lifetimeSeconds,
      });
      return attempt;
    },
    async take(reply, request, providerId) {
      const name = cookieName(attemptName, request);
      const sealed = request.cookies[name];
      if (sealed === undefined) return undefined;
      reply.clearCookie(name, cookieAttributes(request));
      const attempt = await unsealed(sealed, secret);
      return attempt?.providerId === providerId ? attempt : undefined;
    },
  };
}

async function unsealed(sealed: string, secret: Uint8Array): Promise<Attempt | undefined> {
  try {
    const { payload } = await jwtDecrypt(sealed, secret, { requiredClaims: ["exp"] });
    return attemptClaims.safeParse(payload).data;
  } catch (thrown) {
    if (thrown instanceof errors.JOSEError) return undefined;
    throw thrown;
  }
}
