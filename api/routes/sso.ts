import type { Identity, IdentityProvider } from "@weir/catalog";
import { CodedError } from "@weir/model";
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { ApiOptions, ApiServer } from "../context.ts";
import {
  apiPaths,
  samlResponseBody,
  signInOptions,
  signInOptionsQuery,
  ssoFinishQuery,
  ssoParams,
  ssoStartQuery,
} from "../contract/index.ts";
import { signInFailed, signInRefused } from "../events.ts";
import { answers, textAnswer } from "../route-answers.ts";
import { changesBy } from "../scope.ts";
import { isHttps, setSessionCookie } from "../session-cookie.ts";
import { type Attempt, type Attempts, createAttempts } from "../sso/attempt.ts";
import { openOauthFlow } from "../sso/oauth-flow.ts";
import { openGuardedFetch, type ProviderFetch } from "../sso/provider-fetch.ts";
import { openSamlFlow } from "../sso/saml-flow.ts";
import { callbackPathOf } from "./identity-providers.ts";

const tags = ["auth"];
/** The registry of IANA has it so. */
const samlMetadataType = "application/samlmetadata+xml";

/** What both ways of a sign-in need: the browser's to the provider, and its way back. */
interface SignOn extends ApiOptions {
  readonly attempts: Attempts;
  readonly fetch: ProviderFetch;
}

/** Single sign-on: the browser goes to the provider, and comes back with somebody's identity. */
export async function registerSso(server: ApiServer, options: ApiOptions): Promise<void> {
  const attempts = createAttempts(options.catalog.derivedSecret("single sign-on attempts"));
  const guarded = openGuardedFetch(options.outgoing);
  server.addHook("onClose", () => guarded[Symbol.asyncDispose]());
  const signOn: SignOn = { ...options, attempts, fetch: guarded.fetch };
  registerOptions(server, options);
  registerStart(server, signOn);
  registerOauthCallback(server, signOn);
  registerSaml(server, options, attempts);
}

function registerOptions(server: ApiServer, { catalog }: ApiOptions): void {
  const schema = {
    operationId: "getSignInOptions",
    tags,
    summary: "What the sign-in page offers besides a password",
    querystring: signInOptionsQuery,
    response: answers({ 200: signInOptions }),
  };
  server.get(apiPaths.signInOptions, { schema }, async (request) => {
    const offered = await catalog.identityProviders.offered();
    const wanted = request.query.organization;
    const needs_organization =
      wanted === undefined && new Set(offered.map(({ organizationId }) => organizationId)).size > 1;
    const shown = needs_organization
      ? []
      : offered.filter((each) => (wanted ?? each.organizationId) === each.organizationId);
    const providers = shown.map(({ id, name, organizationId }) => {
      const organization_name = catalog.current().organization(organizationId)?.name ?? organizationId;
      return { id, name, organization_name, path: `/api/v1/auth/sso/${id}` };
    });
    return { needs_organization, providers };
  });
}

function registerStart(server: ApiServer, options: SignOn): void {
  const { attempts, fetch } = options;
  const schema = {
    operationId: "startSso",
    tags,
    summary: "Leads the browser to an identity provider",
    params: ssoParams,
    querystring: ssoStartQuery,
    response: answers({ 302: z.undefined() }),
  };
  server.get(apiPaths.ssoStart, { schema }, async (request, reply) => {
    const { provider, secret } = await providerOf(request.params.provider_id, options);
    const attempt = await attempts.begin(reply, request, {
      providerId: provider.id,
      next: pageOf(request.query.next),
    });
    const origin = originOf(request, options);
    return orSignInPage(reply, provider, options, async () => {
      if (provider.kind === "saml") return redirect(reply, await openSamlFlow(provider, origin).start(attempt.id));
      const flow = await openOauthFlow({ provider, secret, fetch });
      return redirect(reply, await flow.start(attempt, `${origin}${callbackPathOf(provider)}`));
    });
  });
}

function registerOauthCallback(server: ApiServer, options: SignOn): void {
  const { attempts, fetch } = options;
  const schema = {
    operationId: "finishOauth",
    tags,
    summary: "Where OpenID Connect and OAuth providers send the browser back to",
    params: ssoParams,
    response: answers({ 302: z.undefined() }),
  };
  server.get(apiPaths.ssoCallback, { schema }, async (request, reply) => {
    const { provider, secret } = await providerOf(request.params.provider_id, options);
    const attempt = await attempts.take(reply, request, provider.id);
    return orSignInPage(reply, provider, options, async () => {
      if (attempt === undefined || provider.kind === "saml") throw noAttempt();
      const flow = await openOauthFlow({ provider, secret, fetch });
      const identity = await flow.finish(attempt, new URL(request.raw.url ?? "", originOf(request, options)));
      const { id } = await changesBy(request, options).identityProviders.admit(provider, identity);
      const place = { userId: id, organizationId: provider.organizationId };
      const session = await changesBy(request, options).createSession({ ...place, method: "sso" });
      setSessionCookie(request, reply, session.secret, session.expiresAt);
      return redirect(reply, `/ui${attempt.next}`);
    });
  });
}

/**
 * The provider's answer comes by a POST from its own site, without our cookies: it makes a link that only the browser
 * with the attempt's cookie can use, and leads there.
 */
function registerSaml(server: ApiServer, options: ApiOptions, attempts: Attempts): void {
  server.addContentTypeParser("application/x-www-form-urlencoded", { parseAs: "string" }, (_, body, done) =>
    done(null, Object.fromEntries(new URLSearchParams(body as string))),
  );
  const schema = {
    operationId: "takeSamlResponse",
    tags,
    summary: "Where SAML providers post their answer to",
    params: ssoParams,
    body: samlResponseBody,
    response: answers({ 302: z.undefined() }),
  };
  server.post(apiPaths.samlResponse, { schema }, async (request, reply) => {
    const { provider } = await providerOf(request.params.provider_id, options);
    return orSignInPage(reply, provider, options, async () => {
      if (provider.kind !== "saml") throw noAttempt();
      const { SAMLResponse: response, RelayState: attempt } = request.body;
      const identity = await openSamlFlow(provider, originOf(request, options)).finish(response, attempt);
      const { token } = await linkFor(request, { provider, identity, attempt }, options);
      return redirect(reply, `/api/v1/auth/sso/${provider.id}/finish?token=${token}`);
    });
  });
  registerSamlFinish(server, options, attempts);
  registerSamlMetadata(server, options);
}

function registerSamlFinish(server: ApiServer, options: ApiOptions, attempts: Attempts): void {
  const schema = {
    operationId: "finishSaml",
    tags,
    summary: "Opens the session of a SAML answer, in the browser that asked",
    params: ssoParams,
    querystring: ssoFinishQuery,
    response: answers({ 302: z.undefined() }),
  };
  server.get(apiPaths.ssoFinish, { schema }, async (request, reply) => {
    const { provider } = await providerOf(request.params.provider_id, options);
    const attempt: Attempt | undefined = await attempts.take(reply, request, provider.id);
    return orSignInPage(reply, provider, options, async () => {
      if (attempt === undefined) throw noAttempt();
      const session = await changesBy(request, options).redeemSignInLink(request.query.token, attempt.id);
      if (session === undefined) throw noAttempt();
      setSessionCookie(request, reply, session.secret, session.expiresAt);
      return redirect(reply, `/ui${attempt.next}`);
    });
  });
}

function registerSamlMetadata(server: ApiServer, options: ApiOptions): void {
  const schema = {
    operationId: "getSamlMetadata",
    tags,
    summary: "What a SAML provider must know of this install (XML)",
    params: ssoParams,
    response: answers({ 200: textAnswer("Metadata of a service provider.", samlMetadataType) }),
  };
  server.get(apiPaths.samlMetadata, { schema }, async (request, reply) => {
    const { provider } = await providerOf(request.params.provider_id, options);
    if (provider.kind !== "saml") throw new CodedError("NOT_FOUND", "There is no such SAML provider.");
    return reply.type(samlMetadataType).send(openSamlFlow(provider, originOf(request, options)).metadata());
  });
}

interface Arrival {
  readonly provider: IdentityProvider;
  readonly identity: Identity;
  readonly attempt: string;
}

async function linkFor(request: FastifyRequest, { provider, identity, attempt }: Arrival, options: ApiOptions) {
  const changes = changesBy(request, options);
  const user = await changes.identityProviders.admit(provider, identity);
  return changes.createSignInLink({ userId: user.id, organizationId: provider.organizationId, attempt });
}

async function providerOf(id: string, { catalog }: ApiOptions) {
  const found = await catalog.identityProviders.byId(id);
  if (found === undefined) throw new CodedError("NOT_FOUND", "There is no such identity provider.");
  return found;
}

/** People who sign in see a page, not an error's JSON; the log has the reason. */
async function orSignInPage(
  reply: FastifyReply,
  provider: IdentityProvider,
  { telemetry }: ApiOptions,
  work: () => Promise<FastifyReply>,
): Promise<FastifyReply> {
  try {
    return await work();
  } catch (thrown) {
    const isRefused = thrown instanceof CodedError && thrown.status < 500;
    telemetry.emit(signInRefused, { by: "sso" });
    telemetry.emit(signInFailed, { provider: provider.id, reason: thrown instanceof Error ? thrown.message : "" });
    return redirect(reply, `/ui/sign-in?failed=${isRefused ? "refused" : "provider"}`);
  }
}

function noAttempt(): CodedError {
  return new CodedError("FORBIDDEN", "This sign-in was not begun in this browser, or took too long. Begin again.");
}

function redirect(reply: FastifyReply, target: URL | string): FastifyReply {
  return reply.code(302).header("location", String(target)).send();
}

/**
 * As the configuration names this install, else as the browser does. OAuth's providers send people only to addresses that
 * were registered with them; a SAML answer that was meant for another service is told by this name alone.
 */
function originOf(request: FastifyRequest, { config }: ApiOptions): string {
  if (config.publicUrl !== undefined) return config.publicUrl;
  return `${isHttps(request) ? "https" : "http"}://${request.headers.host ?? "localhost"}`;
}

/** A page of ours: a link must not lead somebody who just signed in to another site. */
function pageOf(next: string | undefined): string {
  return next !== undefined && /^\/(?![/\\])[^\\]*$/.test(next) ? next.replace(/^\/ui(?=\/|$)/, "") || "/" : "/";
}
