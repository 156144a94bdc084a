import { z } from "zod";
import { identifier, role, time } from "./fields.ts";

const url = z.url({ protocol: /^https?$/ }).max(1000);
const claim = z.string().min(1).max(200);

const roleMapping = {
  role_by_group: z
    .record(z.string().max(300), role)
    .default({})
    .describe("The greatest role of somebody's groups holds."),
  default_role: role.nullable().default(null).describe("For people in no such group; null keeps them out."),
};

export const oidcSettings = z.strictObject({
  issuer: url.describe("Its `/.well-known/openid-configuration` says the rest."),
  client_id: z.string().min(1).max(500),
  scopes: z.string().max(500).default("openid email profile"),
  groups_claim: claim.default("groups"),
});

export const oauthSettings = z.strictObject({
  authorization_url: url,
  token_url: url,
  userinfo_url: url.describe("Answers with JSON about who signed in."),
  client_id: z.string().min(1).max(500),
  scopes: z.string().max(500).default(""),
  subject_field: claim.default("id"),
  email_field: claim.default("email"),
  name_field: claim.default("name"),
  groups_field: claim.default("groups"),
});

export const samlSettings = z.strictObject({
  entry_point: url.describe("Where sign-in requests go (HTTP-Redirect binding)."),
  certificate: z.string().min(1).max(20_000).describe("The provider's signing certificate, PEM."),
  email_attribute: claim.default("email"),
  name_attribute: claim.default("name"),
  groups_attribute: claim.default("groups"),
});

export const createIdentityProviderBody = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("oidc"),
    name: z.string().trim().min(1).max(120),
    settings: oidcSettings,
    client_secret: z.string().min(1).max(2000).optional().describe("Kept encrypted. Without one, PKCE alone."),
    ...roleMapping,
  }),
  z.strictObject({
    kind: z.literal("oauth"),
    name: z.string().trim().min(1).max(120),
    settings: oauthSettings,
    client_secret: z.string().min(1).max(2000).optional(),
    ...roleMapping,
  }),
  z.strictObject({
    kind: z.literal("saml"),
    name: z.string().trim().min(1).max(120),
    settings: samlSettings,
    ...roleMapping,
  }),
]);
export type CreateIdentityProviderBody = z.input<typeof createIdentityProviderBody>;

export const identityProvider = z
  .object({
    id: z.string(),
    kind: z.enum(["oidc", "oauth", "saml"]),
    name: z.string(),
    settings: z.record(z.string(), z.unknown()),
    role_by_group: z.record(z.string(), role),
    default_role: role.nullable(),
    callback_path: z.string().describe("Register it with the provider, after this install's address."),
    created_at: time,
  })
  .meta({ id: "IdentityProvider" });
export type IdentityProvider = z.infer<typeof identityProvider>;
export const identityProviderList = z.object({ data: z.array(identityProvider) }).meta({ id: "IdentityProviderList" });
export type IdentityProviderList = z.infer<typeof identityProviderList>;

export const identityProviderParams = z.object({ organization_id: identifier, provider_id: identifier });

export const signInOptionsQuery = z.object({
  organization: identifier
    .optional()
    .describe("Whose providers to list. Needed where several organisations have some: nobody is told who they are."),
});

/** What a sign-in page offers besides address and password. */
export const signInOptions = z
  .object({
    needs_organization: z.boolean().describe("True: there are providers, and which depends on `organization`."),
    providers: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        organization_name: z.string(),
        path: z.string().describe("Open it in the browser to sign in."),
      }),
    ),
  })
  .meta({ id: "SignInOptions" });
export type SignInOptions = z.infer<typeof signInOptions>;

export const ssoParams = z.object({ provider_id: identifier });
export const ssoStartQuery = z.object({
  next: z.string().max(2000).optional().describe("The page of the UI to open afterwards."),
});
export const ssoFinishQuery = z.object({ token: z.string().min(8).max(512) });

export const samlResponseBody = z.object({
  SAMLResponse: z.string().min(1).max(500_000),
  RelayState: z.string().min(1).max(200),
});
