import type { CreateIdentityProviderBody } from "@weir/api/contract";
import { isMemberRole, type MemberRole } from "@weir/model/browser";

export type ProviderKind = CreateIdentityProviderBody["kind"];
/** What was typed, by the field's name. */
export type ProviderText = Readonly<Record<string, string>>;

export interface ProviderField {
  readonly name: string;
  readonly label: string;
  readonly help?: string;
  readonly isSecret?: boolean;
  readonly isOptional?: boolean;
}

const name: ProviderField = { name: "name", label: "Name", help: "As the button of the sign-in page shows it." };
const clientId: ProviderField = { name: "client_id", label: "Client id" };
const clientSecret: ProviderField = {
  name: "client_secret",
  label: "Client secret",
  isSecret: true,
  isOptional: true,
  help: "Kept encrypted; never shown again.",
};
const groups: ProviderField = {
  name: "roles",
  label: "Roles by group",
  isOptional: true,
  help: "Such as engineers=member, leads=admin. The greatest role of somebody's groups holds.",
};

const fields: Record<ProviderKind, readonly ProviderField[]> = {
  oidc: [name, { name: "issuer", label: "Issuer", help: "https://login.example.com" }, clientId, clientSecret, groups],
  oauth: [
    name,
    { name: "authorization_url", label: "Authorization address" },
    { name: "token_url", label: "Token address" },
    { name: "userinfo_url", label: "Address that says who signed in" },
    clientId,
    clientSecret,
    { name: "scopes", label: "Scopes", isOptional: true },
    groups,
  ],
  saml: [
    name,
    { name: "entry_point", label: "Sign-in address (HTTP-Redirect)" },
    { name: "certificate", label: "Signing certificate (PEM)" },
    groups,
  ],
};

export function providerFields(kind: ProviderKind): readonly ProviderField[] {
  return fields[kind];
}

/** The request that the form stands for. */
export function providerBody(
  kind: ProviderKind,
  text: ProviderText,
  defaultRole: MemberRole | null,
): CreateIdentityProviderBody {
  const at = (field: string) => (text[field] ?? "").trim();
  const shared = { name: at("name"), role_by_group: rolesByGroup(at("roles")), default_role: defaultRole };
  const secret = at("client_secret") === "" ? {} : { client_secret: at("client_secret") };
  switch (kind) {
    case "oidc":
      return { kind, ...shared, ...secret, settings: { issuer: at("issuer"), client_id: at("client_id") } };
    case "oauth":
      return {
        kind,
        ...shared,
        ...secret,
        settings: {
          authorization_url: at("authorization_url"),
          token_url: at("token_url"),
          userinfo_url: at("userinfo_url"),
          client_id: at("client_id"),
          scopes: at("scopes"),
        },
      };
    case "saml":
      return { kind, ...shared, settings: { entry_point: at("entry_point"), certificate: at("certificate") } };
  }
}

/** `engineers=member, leads=admin`; what has no such shape is left out. */
export function rolesByGroup(text: string): Record<string, MemberRole> {
  const pairs = text.split(",").map((pair) => pair.split("=").map((part) => part.trim()));
  return Object.fromEntries(
    pairs.filter((pair): pair is [string, MemberRole] => pair.length === 2 && pair[0] !== "" && isMemberRole(pair[1])),
  );
}
