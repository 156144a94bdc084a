import { SAML, ValidateInResponseTo } from "@node-saml/node-saml";
import type { Identity, IdentityProvider } from "@weir/catalog";
import { CodedError } from "@weir/model";
import { samlSettings } from "../contract/index.ts";
import { identityOf } from "./identity-claims.ts";

/** How long a provider's answer to our request is waited for. */
const requestLifetimeMs = 10 * 60_000;

/** A provider that is spoken to by SAML 2.0: our request by redirect, its signed answer by POST. */
export interface SamlFlow {
  /** Where the browser goes; the attempt comes back as RelayState. */
  start(attemptId: string): Promise<URL>;
  /** Who came back. Rejects when the assertion is unsigned, not ours, too old, or answers another request. */
  finish(response: string, attemptId: string): Promise<Identity>;
  metadata(): string;
}

export function openSamlFlow(provider: IdentityProvider, origin: string): SamlFlow {
  const settings = samlSettings.parse(provider.settings);
  const base = `${origin}/api/v1/auth/sso/${provider.id}`;
  const entityId = `${base}/metadata`;
  const open = (attemptId: string) =>
    new SAML({
      callbackUrl: `${base}/saml`,
      entryPoint: settings.entry_point,
      issuer: entityId,
      audience: entityId,
      idpCert: settings.certificate,
      wantAssertionsSigned: true,
      wantAuthnResponseSigned: false,
      identifierFormat: null,
      disableRequestedAuthnContext: true,
      acceptedClockSkewMs: 60_000,
      // The request's id follows from the attempt, which the browser keeps: nothing is to be remembered here.
      generateUniqueId: () => requestIdOf(attemptId),
      validateInResponseTo: ValidateInResponseTo.always,
      requestIdExpirationPeriodMs: requestLifetimeMs,
      cacheProvider: {
        saveAsync: async () => null,
        getAsync: async (id) => (id === requestIdOf(attemptId) ? new Date().toISOString() : null),
        removeAsync: async () => null,
      },
    });
  return {
    start: async (attemptId) => new URL(await open(attemptId).getAuthorizeUrlAsync(attemptId, undefined, {})),
    async finish(response, attemptId) {
      const { profile } = await open(attemptId).validatePostResponseAsync({ SAMLResponse: response });
      if (profile === null) throw new CodedError("FORBIDDEN", "The identity provider sent no identity.");
      const names = {
        subject: "nameID",
        email: settings.email_attribute,
        name: settings.name_attribute,
        groups: settings.groups_attribute,
      };
      return identityOf({ ...profile }, names);
    },
    metadata: () => open("").generateServiceProviderMetadata(null),
  };
}

/** An XML id begins with a letter or an underscore. */
function requestIdOf(attemptId: string): string {
  return `_${attemptId}`;
}
