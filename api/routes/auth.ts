import { CodedError } from "@weir/model";
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { roleOnOrganization, roleOnProject, visibleOrganizations, visibleProjects } from "../authorize.ts";
import { type CallerSources, isMachineOwner } from "../caller.ts";
import type { ApiOptions, ApiServer } from "../context.ts";
import {
  accessToken,
  apiPaths,
  loginBody,
  type Me,
  me,
  passwordBody,
  passwordResetBody,
  passwordResetLinkBody,
  redeemBody,
  signInLink,
  updateMeBody,
} from "../contract/index.ts";
import { signInRefused } from "../events.ts";
import { answers } from "../route-answers.ts";
import { checkSameOrigin, checkSameOriginIfTold } from "../same-origin.ts";
import { callerOf, changesBy } from "../scope.ts";
import { clearSessionCookie, sessionSecret, setSessionCookie } from "../session-cookie.ts";
import { toProject } from "./projects.ts";

const tags = ["auth"];
const nothing = { 204: z.undefined() };

export type AuthOptions = ApiOptions & Pick<CallerSources, "tokens">;

export function registerAuth(server: ApiServer, options: AuthOptions): void {
  registerPasswordSignIn(server, options);
  registerLinkSignIn(server, options);
  registerLogout(server, options);
  registerLinks(server, options);
  registerPasswords(server, options);
  registerMe(server, options);
}

/** The cookie for browsers, and the answer for programs: of a session that was just opened. */
export async function answerSession(
  request: FastifyRequest,
  reply: FastifyReply,
  session: { readonly id: string; readonly secret: string; readonly expiresAt: Date },
  { tokens }: AuthOptions,
) {
  setSessionCookie(request, reply, session.secret, session.expiresAt);
  return tokenAnswer(session.id, tokens);
}

async function tokenAnswer(sessionId: string, tokens: AuthOptions["tokens"]) {
  const access_token = await tokens.issue(sessionId);
  return { access_token, token_type: "Bearer" as const, expires_in: tokens.lifetimeSeconds };
}

function registerPasswordSignIn(server: ApiServer, options: AuthOptions): void {
  const { telemetry, tokens } = options;
  const schema = {
    operationId: "login",
    tags,
    summary: "Sign in with an address and a password; sets the session's cookie, and answers with an access token",
    body: loginBody,
    response: answers({ 200: accessToken }),
  };
  server.post(apiPaths.login, { schema }, async (request, reply) => {
    checkSameOriginIfTold(request);
    const session = await changesBy(request, options).signIn(request.body);
    if (session === undefined) {
      telemetry.emit(signInRefused, { by: "password" });
      throw new CodedError("UNAUTHENTICATED", "The address or the password is wrong.");
    }
    return answerSession(request, reply, session, options);
  });
  const tokenSchema = {
    operationId: "createAccessToken",
    tags,
    summary: "Another access token of the same session",
    response: answers({ 200: accessToken }),
  };
  server.post(apiPaths.token, { schema: tokenSchema }, (request) => {
    const caller = callerOf(request);
    if (caller.via === "session" && caller.session !== null) return tokenAnswer(caller.session.id, tokens);
    throw new CodedError("FORBIDDEN", "There is no session to make a token of.");
  });
}

function registerLinkSignIn(server: ApiServer, options: AuthOptions): void {
  const schema = {
    operationId: "redeemSignInLink",
    tags,
    summary: "Sign in with the token of a sign-in link; sets the session's cookie",
    body: redeemBody,
    response: answers(nothing),
  };
  server.post(apiPaths.redeem, { schema }, async (request, reply) => {
    checkSameOriginIfTold(request);
    const session = await changesBy(request, options).redeemSignInLink(request.body.token);
    if (session === undefined) {
      options.telemetry.emit(signInRefused, { by: "link" });
      throw new CodedError("UNAUTHENTICATED", "The sign-in link was used already, or is too old. Ask for a new one.");
    }
    setSessionCookie(request, reply, session.secret, session.expiresAt);
    return reply.code(204).send();
  });
}

/** Without a session it does nothing, so that signing out always works. */
function registerLogout(server: ApiServer, options: AuthOptions): void {
  const schema = {
    operationId: "logout",
    tags,
    summary: "End the session, and with it its access tokens",
    response: answers(nothing),
  };
  server.post(apiPaths.logout, { schema }, async (request, reply) => {
    const changes = changesBy(request, options);
    const bearer = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
    const tokenSession = bearer === undefined ? undefined : await options.tokens.sessionOf(bearer);
    if (tokenSession !== undefined) {
      const session = await options.catalog.sessions.byId(tokenSession);
      await changes.sessions.end(session?.user?.id ?? null, tokenSession);
    }
    const secret = sessionSecret(request);
    if (secret !== undefined) {
      checkSameOrigin(request);
      await changes.endSession(secret);
    }
    clearSessionCookie(request, reply);
    return reply.code(204).send();
  });
}

function registerLinks(server: ApiServer, options: AuthOptions): void {
  const schema = {
    operationId: "createSignInLink",
    tags,
    summary: "Make a link that signs in once; for the owner of this machine",
    response: answers({ 201: signInLink }),
  };
  server.post(apiPaths.signInLinks, { schema }, async (request, reply) => {
    const { token, expiresAt } = await changesBy(request, options).createSignInLink();
    return reply.code(201).send({ path: `/ui/sign-in?token=${token}`, expires_at: expiresAt.toISOString() });
  });
  const resetSchema = {
    operationId: "createPasswordResetLink",
    tags,
    summary: "Make a link with which somebody chooses a new password; for the owner of this machine",
    body: passwordResetLinkBody,
    response: answers({ 201: signInLink }),
  };
  server.post(apiPaths.passwordResetLinks, { schema: resetSchema }, async (request, reply) => {
    const user = await options.catalog.accounts.byEmail(request.body.email);
    if (user === undefined) throw new CodedError("NOT_FOUND", "Nobody has this address.");
    const { token, expiresAt } = await changesBy(request, options).accounts.createPasswordReset(user.id);
    return reply.code(201).send({ path: `/ui/reset-password?token=${token}`, expires_at: expiresAt.toISOString() });
  });
}

function registerPasswords(server: ApiServer, options: AuthOptions): void {
  const schema = {
    operationId: "changePassword",
    tags,
    summary: "Change one's own password; every other session ends",
    body: passwordBody,
    response: answers(nothing),
  };
  server.post(apiPaths.password, { schema }, async (request, reply) => {
    const caller = callerOf(request);
    if (caller.via !== "session" || caller.user === null) {
      throw new CodedError("FORBIDDEN", "The owner of this machine has no password.");
    }
    const { current, password } = request.body;
    const { user, session } = caller;
    const { accounts } = changesBy(request, options);
    await accounts.changePassword({ user, current, next: password, keptSession: session?.id });
    return reply.code(204).send();
  });
  const resetSchema = {
    operationId: "resetPassword",
    tags,
    summary: "Choose a new password with the token of a link; signs in",
    body: passwordResetBody,
    response: answers({ 200: accessToken }),
  };
  server.post(apiPaths.passwordReset, { schema: resetSchema }, async (request, reply) => {
    checkSameOriginIfTold(request);
    const { token, password } = request.body;
    const session = await changesBy(request, options).accounts.resetPassword(token, password);
    return answerSession(request, reply, session, options);
  });
}

function registerMe(server: ApiServer, options: AuthOptions): void {
  const schema = { operationId: "getMe", tags, summary: "Who is asking", response: answers({ 200: me }) };
  server.get(apiPaths.me, { schema }, (request) => toMe(request, options));
  const changeSchema = {
    operationId: "updateMe",
    tags,
    summary: "Change one's own name",
    body: updateMeBody,
    response: answers(nothing),
  };
  server.patch(apiPaths.me, { schema: changeSchema }, async (request, reply) => {
    const caller = callerOf(request);
    if (caller.via !== "session" || caller.user === null) {
      throw new CodedError("FORBIDDEN", "The owner of this machine has no name to change.");
    }
    await changesBy(request, options).accounts.setName(caller.user.id, request.body.name);
    return reply.code(204).send();
  });
}

function toMe(request: FastifyRequest, options: AuthOptions): Me {
  const { catalog } = options;
  const caller = callerOf(request);
  const projects = visibleProjects(caller, catalog);
  const shown = (role: ReturnType<typeof roleOnProject>) => (role === "machine" ? "owner" : role);
  const reach = {
    is_machine_owner: isMachineOwner(caller),
    organizations: visibleOrganizations(caller, catalog).map(({ id, name }) => {
      return { id, name, role: shown(roleOnOrganization(caller, id, catalog)) ?? null };
    }),
    projects: projects.map((each) => toProject(each, options.retention)),
    project_roles: Object.fromEntries(
      projects.map((each) => [each.id, shown(roleOnProject(caller, each, catalog)) ?? "viewer"]),
    ),
  };
  if (caller.via === "session") return { via: "session", user: caller.user, key: null, ...reach };
  const { id, name, projectId } = caller.key;
  return { via: "key", user: null, key: { id, name, project_id: projectId }, ...reach };
}
