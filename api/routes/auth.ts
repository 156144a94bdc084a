import { CodedError } from "@weir/model";
import { z } from "zod";
import { type Caller, checkIsOwner } from "../caller.ts";
import type { ApiOptions, ApiServer } from "../context.ts";
import { apiPaths, loginBody, type Me, me, redeemBody, signInLink } from "../contract/index.ts";
import { signInRefused } from "../events.ts";
import { answers } from "../route-answers.ts";
import { checkSameOrigin, checkSameOriginIfTold } from "../same-origin.ts";
import { callerOf } from "../scope.ts";
import { clearSessionCookie, sessionSecret, setSessionCookie } from "../session-cookie.ts";
import { visibleProjects } from "./projects.ts";

const tags = ["auth"];
const nothing = { 204: z.undefined() };

export function registerAuth(server: ApiServer, options: ApiOptions): void {
  registerSignIn(server, options);
  registerLogout(server, options);
  registerLinks(server, options);
  const schema = { operationId: "getMe", tags, summary: "Who is asking", response: answers({ 200: me }) };
  server.get(apiPaths.me, { schema }, (request) => toMe(callerOf(request), options));
}

function registerSignIn(server: ApiServer, { catalog, telemetry }: ApiOptions): void {
  const config = { isPublic: true };
  server.post(
    apiPaths.login,
    {
      config,
      schema: {
        operationId: "login",
        tags,
        summary: "Sign in with an address and a password; sets the session's cookie",
        body: loginBody,
        response: answers(nothing),
      },
    },
    async (request, reply) => {
      checkSameOriginIfTold(request);
      const session = await catalog.signIn(request.body);
      if (session === undefined) {
        telemetry.emit(signInRefused, { by: "password" });
        throw new CodedError("UNAUTHENTICATED", "The address or the password is wrong.");
      }
      setSessionCookie(request, reply, session.secret, session.expiresAt);
      return reply.code(204).send();
    },
  );
  server.post(
    apiPaths.redeem,
    {
      config,
      schema: {
        operationId: "redeemSignInLink",
        tags,
        summary: "Sign in with the token of a sign-in link; sets the session's cookie",
        body: redeemBody,
        response: answers(nothing),
      },
    },
    async (request, reply) => {
      checkSameOriginIfTold(request);
      const session = await catalog.redeemSignInLink(request.body.token);
      if (session === undefined) {
        telemetry.emit(signInRefused, { by: "link" });
        throw new CodedError("UNAUTHENTICATED", "The sign-in link was used already, or is too old. Ask for a new one.");
      }
      setSessionCookie(request, reply, session.secret, session.expiresAt);
      return reply.code(204).send();
    },
  );
}

/** Without a session it does nothing, so that signing out always works. */
function registerLogout(server: ApiServer, { catalog }: ApiOptions): void {
  const schema = { operationId: "logout", tags, summary: "End the session", response: answers(nothing) };
  server.post(apiPaths.logout, { config: { isPublic: true }, schema }, async (request, reply) => {
    const secret = sessionSecret(request);
    if (secret !== undefined) {
      checkSameOrigin(request);
      await catalog.endSession(secret);
    }
    clearSessionCookie(request, reply);
    return reply.code(204).send();
  });
}

function registerLinks(server: ApiServer, { catalog }: ApiOptions): void {
  const schema = {
    operationId: "createSignInLink",
    tags,
    summary: "Make a link that signs in once; for the owner of this machine",
    response: answers({ 201: signInLink }),
  };
  server.post(apiPaths.signInLinks, { schema }, async (request, reply) => {
    checkIsOwner(callerOf(request));
    const { token, expiresAt } = await catalog.createSignInLink();
    return reply.code(201).send({ path: `/ui/sign-in?token=${token}`, expires_at: expiresAt.toISOString() });
  });
}

function toMe(caller: Caller, options: ApiOptions): Me {
  const projects = visibleProjects(caller, options);
  if (caller.via === "session") return { via: "session", user: caller.user, key: null, projects };
  const { id, name, projectId } = caller.key;
  return { via: "key", user: null, key: { id, name, project_id: projectId }, projects };
}
