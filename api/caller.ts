import { createHash, timingSafeEqual } from "node:crypto";
import type { Actor, ApiKeyEntry, Catalog, Session, User } from "@weir/catalog";
import { CodedError, type UserId } from "@weir/model";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { AccessTokens } from "./access-tokens.ts";
import { checkSameOrigin } from "./same-origin.ts";
import { sessionSecret, setSessionCookie } from "./session-cookie.ts";

/**
 * Who asks: a Weir key, or a person by a session's cookie or an access token. `user` is null for the owner of this
 * machine, who has no session when the `weir` command asks.
 */
export type Caller =
  | { readonly via: "key"; readonly key: ApiKeyEntry }
  | { readonly via: "session"; readonly user: User | null; readonly session: Session | null };

export interface CallerSources {
  readonly catalog: Catalog;
  readonly tokens: AccessTokens;
  /** What `weir` on this machine sends as its key. */
  readonly ownerSecret?: string | undefined;
}

/**
 * The caller by the key or access token in `authorization`, `x-api-key` or `x-weir-key`, else by the session cookie. A
 * wrong key is refused even beside a good cookie. Writes by cookie must come from our own pages.
 */
export async function identifyCaller(request: FastifyRequest, sources: CallerSources): Promise<Caller> {
  const { catalog } = sources;
  const secret = keySecret(request.headers);
  if (secret !== undefined) return callerByHeader(secret, sources);
  const cookie = sessionSecret(request);
  const session = cookie === undefined ? undefined : await catalog.sessionBySecret(cookie);
  if (session === undefined) {
    throw new CodedError(
      "UNAUTHENTICATED",
      "Sign in, or send a Weir key as `Authorization: Bearer …` or `x-weir-key`.",
    );
  }
  checkSameOrigin(request);
  return { via: "session", user: session.user, session };
}

async function callerByHeader(secret: string, { catalog, tokens, ownerSecret }: CallerSources): Promise<Caller> {
  if (ownerSecret !== undefined && isEqual(secret, ownerSecret)) return { via: "session", user: null, session: null };
  const sessionId = await tokens.sessionOf(secret);
  if (sessionId !== undefined) {
    const session = await catalog.sessions.byId(sessionId);
    if (session === undefined) throw new CodedError("UNAUTHENTICATED", "The session of this token was ended.");
    return { via: "session", user: session.user, session };
  }
  const key = catalog.current().apiKey(secret);
  if (key === undefined) {
    throw new CodedError("UNAUTHENTICATED", "The Weir key or token is unknown, revoked or expired.");
  }
  catalog.recordKeyUse(key.id, new Date());
  return { via: "key", key };
}

/** Notes that the session is in use; from time to time its cookie gets another secret. */
export async function renewSession(
  caller: Caller,
  request: FastifyRequest,
  reply: FastifyReply,
  { catalog }: CallerSources,
): Promise<void> {
  if (caller.via !== "session" || caller.session === null) return;
  // A token has no cookie to change; who has both headers and cookies is known by the headers.
  if (keySecret(request.headers) !== undefined) return;
  const secret = await catalog.sessions.renew(caller.session);
  if (secret !== undefined) setSessionCookie(request, reply, secret, caller.session.expiresAt);
}

function isEqual(one: string, other: string): boolean {
  const hash = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(hash(one), hash(other));
}

function keySecret(headers: FastifyRequest["headers"]): string | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1];
  if (headers.authorization !== undefined && bearer === undefined) {
    throw new CodedError(
      "UNAUTHENTICATED",
      "The authorization header must be `Bearer` and a Weir key or access token.",
    );
  }
  const others = ["x-weir-key", "x-api-key"].map((name) => headers[name]);
  return bearer ?? others.find((value): value is string => typeof value === "string" && value !== "");
}

/** The person, or whose personal key it is; undefined for a project's key and for the owner of this machine. */
export function personOf(caller: Caller): UserId | undefined {
  return (caller.via === "key" ? caller.key.userId : caller.user?.id) ?? undefined;
}

export function isMachineOwner(caller: Caller): boolean {
  return caller.via === "session" && caller.user === null;
}

/** How the audit log names the caller of a request. */
export function actorOf(caller: Caller | null, request: FastifyRequest): Actor {
  const place = { address: request.ip, userAgent: request.headers["user-agent"] ?? "" };
  if (caller === null) return { kind: "anonymous", id: "", name: "", ...place };
  if (caller.via === "key") return { kind: "key", id: caller.key.id, name: caller.key.name, ...place };
  if (caller.user === null) return { kind: "owner", id: "", name: "owner of this machine", ...place };
  return { kind: "user", id: caller.user.id, name: caller.user.email, ...place };
}
