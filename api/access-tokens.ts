import { createSecretKey } from "node:crypto";
import { errors, jwtVerify, SignJWT } from "jose";

const issuer = "weir";
const lifetimeSeconds = 15 * 60;

/** Short-lived signed tokens (JWT, HS256) for programs that sign in as a person. Each is good only while its session is. */
export interface AccessTokens {
  readonly lifetimeSeconds: number;
  issue(sessionId: string): Promise<string>;
  /** The session of a token that is ours and has not expired; undefined for anything else. */
  sessionOf(token: string): Promise<string | undefined>;
}

/** `secret` is 32 random bytes or more; tokens that another secret signed are refused. */
export function createAccessTokens(secret: Uint8Array, now: () => number = Date.now): AccessTokens {
  const key = createSecretKey(secret);
  return {
    lifetimeSeconds,
    issue(sessionId) {
      const issuedAt = Math.floor(now() / 1000);
      return new SignJWT({})
        .setProtectedHeader({ alg: "HS256", typ: "JWT" })
        .setIssuer(issuer)
        .setSubject(sessionId)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + lifetimeSeconds)
        .sign(key);
    },
    async sessionOf(token) {
      if (!looksLikeToken(token)) return undefined;
      try {
        const { payload } = await jwtVerify(token, key, {
          issuer,
          algorithms: ["HS256"],
          currentDate: new Date(now()),
          requiredClaims: ["sub", "exp"],
        });
        return payload.sub;
      } catch (thrown) {
        if (thrown instanceof errors.JOSEError) return undefined;
        throw thrown;
      }
    },
  };
}

function looksLikeToken(text: string): boolean {
  return text.startsWith("eyJ") && text.split(".").length === 3;
}
