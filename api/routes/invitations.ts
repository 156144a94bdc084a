import { type Invitation as CatalogInvitation, checkNewPassword, hashPassword } from "@weir/catalog";
import { CodedError } from "@weir/model";
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { checkMayGive } from "../authorize.ts";
import { type Caller, identifyCaller } from "../caller.ts";
import type { ApiServer } from "../context.ts";
import {
  acceptInvitationBody,
  accessToken,
  apiPaths,
  createdInvitation,
  createInvitationBody,
  type Invitation,
  invitationList,
  invitationParams,
  openInvitation,
  openInvitationBody,
  organizationParams,
} from "../contract/index.ts";
import { answers } from "../route-answers.ts";
import { checkSameOriginIfTold } from "../same-origin.ts";
import { changesBy, grantOf, organizationOf } from "../scope.ts";
import { sessionSecret } from "../session-cookie.ts";
import { type AuthOptions, answerSession } from "./auth.ts";

const tags = ["organizations"];

/** Somebody is invited by a link that works once, for a week. */
export function registerInvitations(server: ApiServer, options: AuthOptions): void {
  registerManagement(server, options);
  registerOpening(server, options);
  registerAcceptance(server, options);
}

function registerManagement(server: ApiServer, options: AuthOptions): void {
  const listSchema = {
    operationId: "listInvitations",
    tags,
    summary: "List the invitations that wait to be accepted",
    params: organizationParams,
    response: answers({ 200: invitationList }),
  };
  server.get(apiPaths.invitations, { schema: listSchema }, async (request) => {
    return { data: (await options.catalog.invitations.list(organizationOf(request))).map(toInvitation) };
  });
  const createSchema = {
    operationId: "createInvitation",
    tags,
    summary: "Invite somebody; the link is shown this once",
    params: organizationParams,
    body: createInvitationBody,
    response: answers({ 201: createdInvitation }),
  };
  server.post(apiPaths.invitations, { schema: createSchema }, async (request, reply) => {
    const { email, role, project } = request.body;
    checkMayGive(grantOf(request), role);
    checkMayGive(grantOf(request), project?.role ?? null);
    const wish = { organizationId: organizationOf(request), email, role, project };
    const made = await changesBy(request, options).invitations.create(wish);
    const link = { path: `/ui/invitation?token=${made.token}`, expires_at: made.expiresAt.toISOString() };
    return reply.code(201).send({ invitation: toInvitation(made), link });
  });
  const revokeSchema = {
    operationId: "revokeInvitation",
    tags,
    summary: "Take an invitation back",
    params: invitationParams,
    response: answers({ 204: z.undefined() }),
  };
  server.delete(apiPaths.invitation, { schema: revokeSchema }, async (request, reply) => {
    const { invitations } = changesBy(request, options);
    const wasThere = await invitations.revoke(organizationOf(request), request.params.invitation_id);
    if (!wasThere) throw new CodedError("NOT_FOUND", "The organisation has no such invitation.");
    return reply.code(204).send();
  });
}

function registerOpening(server: ApiServer, { catalog }: AuthOptions): void {
  const schema = {
    operationId: "openInvitation",
    tags,
    summary: "What an invitation's link is for",
    body: openInvitationBody,
    response: answers({ 200: openInvitation }),
  };
  server.post(apiPaths.openInvitation, { schema }, async (request) => {
    const found = await catalog.invitations.byToken(request.body.token);
    if (found === undefined) throw noLongerGood();
    return {
      email: found.email,
      organization_name: found.organizationName,
      role: found.role,
      invited_by: found.invitedBy,
      has_account: found.hasAccount,
      expires_at: found.expiresAt.toISOString(),
    };
  });
}

function registerAcceptance(server: ApiServer, options: AuthOptions): void {
  const schema = {
    operationId: "acceptInvitation",
    tags,
    summary: "Accept an invitation: signed in, or with a password for a new account; signs in",
    body: acceptInvitationBody,
    response: answers({ 200: accessToken, 204: z.undefined() }),
  };
  server.post(apiPaths.acceptInvitation, { schema }, async (request, reply) => {
    checkSameOriginIfTold(request);
    const { token, name, password } = request.body;
    const caller = await callerIfSignedIn(request, options);
    if (caller?.via === "session" && caller.user !== null) {
      request.caller = caller;
      await changesBy(request, options).invitations.accept(token, { user: caller.user });
      return reply.code(204).send();
    }
    const found = await options.catalog.invitations.byToken(token);
    if (found === undefined) throw noLongerGood();
    if (password === undefined) throw new CodedError("UNAUTHENTICATED", "Sign in first, or choose a password.");
    checkNewPassword(password, found.email);
    const changes = changesBy(request, options);
    const user = await changes.invitations.accept(token, { name, passwordHash: await hashPassword(password) });
    const session = await changes.createSession({ userId: user.id, method: "invitation" });
    return answerSession(request, reply, session, options);
  });
}

async function callerIfSignedIn(request: FastifyRequest, options: AuthOptions): Promise<Caller | undefined> {
  if (request.headers.authorization === undefined && sessionSecret(request) === undefined) return undefined;
  try {
    return await identifyCaller(request, options);
  } catch (thrown) {
    // A cookie of a session that has ended is no reason to keep somebody new out.
    if (thrown instanceof CodedError && thrown.code === "UNAUTHENTICATED") return undefined;
    throw thrown;
  }
}

function noLongerGood(): CodedError {
  return new CodedError("NOT_FOUND", "This invitation was used already, taken back, or is too old. Ask for a new one.");
}

function toInvitation(invitation: CatalogInvitation): Invitation {
  const { id, email, role, projectId, projectRole, invitedBy, createdAt, expiresAt } = invitation;
  return {
    id,
    email,
    role,
    project: projectId === null || projectRole === null ? null : { id: projectId, role: projectRole },
    invited_by: invitedBy,
    created_at: createdAt.toISOString(),
    expires_at: expiresAt.toISOString(),
  };
}
