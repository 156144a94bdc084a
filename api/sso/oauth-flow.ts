import type { Identity, IdentityProvider } from "@weir/catalog";
import { CodedError } from "@weir/model";
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  type ClientAuth,
  ClientSecretPost,
  Configuration,
  calculatePKCECodeChallenge,
  customFetch,
  discovery,
  fetchProtectedResource,
  fetchUserInfo,
  None,
} from "openid-client";
import type { z } from "zod";
import { oauthSettings, oidcSettings } from "../contract/index.ts";
import type { Attempt } from "./attempt.ts";
import { identityOf } from "./identity-claims.ts";
import { isLoopbackUrl, type ProviderFetch } from "./provider-fetch.ts";

/** A provider that is spoken to by OpenID Connect, or by OAuth 2.0 with a place to ask who somebody is. */
export interface OauthFlow {
  /** Where the browser goes to sign in. */
  start(attempt: Attempt, redirectUri: string): Promise<URL>;
  /** Who came back. Rejects when state, nonce, code or signature is not what it must be. */
  finish(attempt: Attempt, callbackUrl: URL): Promise<Identity>;
}

export interface OauthParts {
  readonly provider: IdentityProvider;
  readonly secret: string | undefined;
  readonly fetch: ProviderFetch;
}

export async function openOauthFlow(parts: OauthParts): Promise<OauthFlow> {
  return parts.provider.kind === "oidc" ? openOidc(parts) : openPlainOauth(parts);
}

async function openOidc({ provider, secret, fetch }: OauthParts): Promise<OauthFlow> {
  const settings = oidcSettings.parse(provider.settings);
  const issuer = new URL(settings.issuer);
  const config = await discovery(issuer, settings.client_id, undefined, clientAuth(secret), {
    execute: isLoopbackUrl(issuer) ? [allowInsecureRequests] : [],
    [customFetch]: fetch,
  });
  const names = { subject: "sub", email: "email", name: "name", groups: settings.groups_claim };
  return {
    start: async (attempt, redirectUri) => {
      const url = await authorizationUrl(config, attempt, redirectUri, settings.scopes);
      url.searchParams.set("nonce", attempt.nonce);
      return url;
    },
    async finish(attempt, callbackUrl) {
      const tokens = await authorizationCodeGrant(config, callbackUrl, {
        pkceCodeVerifier: attempt.codeVerifier,
        expectedState: attempt.id,
        expectedNonce: attempt.nonce,
        idTokenExpected: true,
      });
      const claims = tokens.claims();
      if (claims === undefined) throw new CodedError("FORBIDDEN", "The identity provider sent no identity.");
      const hasMore = config.serverMetadata().userinfo_endpoint !== undefined;
      const more = hasMore ? await fetchUserInfo(config, tokens.access_token, claims.sub) : {};
      return identityOf({ ...claims, ...more }, names);
    },
  };
}

async function openPlainOauth({ provider, secret, fetch }: OauthParts): Promise<OauthFlow> {
  const settings = oauthSettings.parse(provider.settings);
  const config = new Configuration(serverMetadata(settings), settings.client_id, {}, clientAuth(secret));
  config[customFetch] = fetch;
  if (isLoopbackUrl(new URL(settings.token_url))) allowInsecureRequests(config);
  const { subject_field: subject, email_field: email, name_field: name, groups_field: groups } = settings;
  return {
    start: (attempt, redirectUri) => authorizationUrl(config, attempt, redirectUri, settings.scopes),
    async finish(attempt, callbackUrl) {
      const checks = { pkceCodeVerifier: attempt.codeVerifier, expectedState: attempt.id };
      const { access_token } = await authorizationCodeGrant(config, callbackUrl, checks);
      const answer = await fetchProtectedResource(config, access_token, new URL(settings.userinfo_url), "GET");
      if (!answer.ok) throw new CodedError("FORBIDDEN", "The identity provider does not say who you are.");
      return identityOf((await answer.json()) as Record<string, unknown>, { subject, email, name, groups });
    },
  };
}

function serverMetadata(settings: z.output<typeof oauthSettings>) {
  return {
    issuer: new URL(settings.authorization_url).origin,
    authorization_endpoint: settings.authorization_url,
    token_endpoint: settings.token_url,
  };
}

/** PKCE (S256) always, with a secret or without. */
async function authorizationUrl(
  config: Configuration,
  attempt: Attempt,
  redirectUri: string,
  scope: string,
): Promise<URL> {
  return buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    ...(scope !== "" && { scope }),
    code_challenge: await calculatePKCECodeChallenge(attempt.codeVerifier),
    code_challenge_method: "S256",
    state: attempt.id,
  });
}

function clientAuth(secret: string | undefined): ClientAuth {
  return secret === undefined ? None() : ClientSecretPost(secret);
}
