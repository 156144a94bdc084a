import { createHash, timingSafeEqual } from "node:crypto";
import type { ApiKeyEntry, Catalog, User } from "@weir/catalog";
import { CodedError, defaultProjectId, type ProjectId } from "@weir/model";
import type { FastifyRequest } from "fastify";
import { checkSameOrigin } from "./same-origin.ts";
import { sessionSecret } from "./session-cookie.ts";

/** Who asks: a Weir key, or a person. `user` is null for the owner of this machine. */
export type Caller =
  | { readonly via: "key"; readonly key: ApiKeyEntry }
  | { readonly via: "session"; readonly user: User | null };

export interface CallerSources {
  readonly catalog: Catalog;
  /** What `weir` on this machine sends as its key. */
  readonly ownerSecret?: string | undefined;
}

/**
 * The caller by the key in `authorization`, `x-api-key` or `x-weir-key`, else by the session cookie. A wrong key is
 * refused even beside a good cookie. Writes by cookie must come from our own pages.
 */
export async function identifyCaller(
  request: FastifyRequest,
  { catalog, ownerSecret }: CallerSources,
): Promise<Caller> {
  const secret = keySecret(request.headers);
  if (secret !== undefined) {
    if (ownerSecret !== undefined && isEqual(secret, ownerSecret)) return { via: "session", user: null };
    const key = catalog.current().apiKey(secret);
    if (key === undefined) throw new CodedError("UNAUTHENTICATED", "The Weir key is unknown, revoked or expired.");
    catalog.recordKeyUse(key.id, new Date());
    return { via: "key", key };
  }
  const cookie = sessionSecret(request);
  const session = cookie === undefined ? undefined : await catalog.sessionBySecret(cookie);
  if (session === undefined) {
    throw new CodedError(
      "UNAUTHENTICATED",
      "Sign in, or send a Weir key as `Authorization: Bearer …` or `x-weir-key`.",
    );
  }
  checkSameOrigin(request);
  return { via: "session", user: session.user };
}

function isEqual(one: string, other: string): boolean {
  const hash = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(hash(one), hash(other));
}

function keySecret(headers: FastifyRequest["headers"]): string | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1];
  if (headers.authorization !== undefined && bearer === undefined) {
    throw new CodedError("UNAUTHENTICATED", "The authorization header must be `Bearer` and a Weir key.");
  }
  const others = ["x-weir-key", "x-api-key"].map((name) => headers[name]);
  return bearer ?? others.find((value): value is string => typeof value === "string" && value !== "");
}

export interface ProjectWish {
  readonly project_id?: string | undefined;
  readonly organization_id?: string | undefined;
}

/** The project that the request is about: one that exists and that the caller may see. */
export function projectOf(caller: Caller, wish: ProjectWish, catalog: Catalog): ProjectId {
  const wanted = wish.project_id ?? (caller.via === "key" ? caller.key.projectId : defaultProjectId);
  if (caller.via === "key" && wanted !== caller.key.projectId) {
    throw new CodedError("FORBIDDEN", "This key belongs to another project.");
  }
  const project = catalog.current().project(wanted);
  if (project === undefined) throw new CodedError("NOT_FOUND", `There is no project ${JSON.stringify(wanted)}.`);
  if (wish.organization_id !== undefined && wish.organization_id !== project.organizationId) {
    throw new CodedError("NOT_FOUND", `The organisation has no project ${JSON.stringify(wanted)}.`);
  }
  return project.id;
}

/** Keys and connections of a project are for sessions, and for keys with the scope `all`. */
export function checkMayManage(caller: Caller): void {
  if (caller.via === "key" && !caller.key.scopes.includes("all")) {
    throw new CodedError("FORBIDDEN", "This key may not manage keys and connections; its scopes lack `all`.");
  }
}

/** A sign-in link lets in the owner of this machine, so nobody else may make one. */
export function checkIsOwner(caller: Caller): void {
  if (caller.via !== "session" || caller.user !== null) {
    throw new CodedError("FORBIDDEN", "Only the owner of this machine may do this; run `weir` there.");
  }
}

/** Projects are made and deleted by people. */
export function checkIsSession(caller: Caller): void {
  if (caller.via !== "session") throw new CodedError("FORBIDDEN", "A key cannot do this; sign in.");
}
