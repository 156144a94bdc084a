import type { IdentityProvider as CatalogProvider } from "@weir/catalog";
import { CodedError } from "@weir/model";
import { z } from "zod";
import type { ApiOptions, ApiServer } from "../context.ts";
import {
  apiPaths,
  createIdentityProviderBody,
  type IdentityProvider,
  identityProvider,
  identityProviderList,
  identityProviderParams,
  organizationParams,
} from "../contract/index.ts";
import { badRequest } from "../request-check.ts";
import { answers } from "../route-answers.ts";
import { changesBy, organizationOf } from "../scope.ts";
import { isLoopbackUrl } from "../sso/provider-fetch.ts";

const tags = ["organizations"];

/** An organisation's single sign-on. */
export function registerIdentityProviders(server: ApiServer, options: ApiOptions): void {
  const listSchema = {
    operationId: "listIdentityProviders",
    tags,
    summary: "List an organisation's identity providers, without their secrets",
    params: organizationParams,
    response: answers({ 200: identityProviderList }),
  };
  server.get(apiPaths.identityProviders, { schema: listSchema }, async (request) => {
    const providers = await options.catalog.identityProviders.list(organizationOf(request));
    return { data: providers.map(toProvider) };
  });
  const createSchema = {
    operationId: "createIdentityProvider",
    tags,
    summary: "Let people sign in by OpenID Connect, OAuth 2.0 or SAML 2.0",
    params: organizationParams,
    body: createIdentityProviderBody,
    response: answers({ 201: identityProvider }),
  };
  server.post(apiPaths.identityProviders, { schema: createSchema }, async (request, reply) => {
    const { kind, name, settings, role_by_group: roleByGroup, default_role: defaultRole } = request.body;
    checkAddresses(settings);
    for (const name of fetchedSettings) checkReach(settings, name, options);
    const secret = "client_secret" in request.body ? request.body.client_secret : undefined;
    const wish = { organizationId: organizationOf(request), kind, name, settings, roleByGroup, defaultRole, secret };
    const created = await changesBy(request, options).identityProviders.create(wish);
    return reply.code(201).send(toProvider(created));
  });
  const deleteSchema = {
    operationId: "deleteIdentityProvider",
    tags,
    summary: "Stop an identity provider from letting people in",
    params: identityProviderParams,
    response: answers({ 204: z.undefined() }),
  };
  server.delete(apiPaths.identityProvider, { schema: deleteSchema }, async (request, reply) => {
    const { identityProviders } = changesBy(request, options);
    const wasThere = await identityProviders.delete(organizationOf(request), request.params.provider_id);
    if (!wasThere) throw new CodedError("NOT_FOUND", "The organisation has no such identity provider.");
    return reply.code(204).send();
  });
}

/** Those that Weir itself calls; the others are for browsers. */
const fetchedSettings = ["issuer", "token_url", "userinfo_url"];

function checkReach(settings: Readonly<Record<string, string>>, name: string, { outgoing }: ApiOptions): void {
  const url = settings[name];
  if (url !== undefined) outgoing.checkUrl(new URL(url));
}

/** Codes and tokens travel encrypted, or not beyond this machine. */
function checkAddresses(settings: Readonly<Record<string, string>>): void {
  const details = Object.entries(settings)
    .filter(([, value]) => value.startsWith("http://") && !isLoopbackUrl(new URL(value)))
    .map(([name]) => ({ path: `settings.${name}`, message: "must be an https address" }));
  if (details.length > 0) throw badRequest(details);
}

export function callbackPathOf({ id, kind }: Pick<CatalogProvider, "id" | "kind">): string {
  return `/api/v1/auth/sso/${id}/${kind === "saml" ? "saml" : "callback"}`;
}

function toProvider(provider: CatalogProvider): IdentityProvider {
  const { id, kind, name, settings, roleByGroup, defaultRole, createdAt } = provider;
  return {
    id,
    kind,
    name,
    settings: { ...settings },
    role_by_group: { ...roleByGroup },
    default_role: defaultRole,
    callback_path: callbackPathOf(provider),
    created_at: createdAt.toISOString(),
  };
}
