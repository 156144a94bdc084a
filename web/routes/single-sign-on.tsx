import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type {
  CreateIdentityProviderBody,
  IdentityProvider,
  Organization,
  UpdateOrganizationBody,
} from "@weir/api/contract";
import type { MemberRole } from "@weir/model/browser";
import { Plus } from "lucide-react";
import { useState } from "react";
import { ask } from "../data/client.ts";
import { identityProvidersQuery, organizationQuery } from "../data/people-queries.ts";
import { useOrganization } from "../data/permission.ts";
import { Button } from "../design/button.tsx";
import { CopyButton } from "../design/copy-button.tsx";
import { Field, inputClass } from "../design/field.tsx";
import { ConfirmButton } from "../views/settings/confirm-button.tsx";
import { FormDialog } from "../views/settings/form-dialog.tsx";
import { FormError, ListPanel, ListRow } from "../views/settings/list-panel.tsx";
import { type ProviderKind, type ProviderText, providerBody, providerFields } from "../views/settings/provider-form.ts";
import { RoleSelect } from "../views/settings/role-select.tsx";
import { SettingsPage } from "../views/settings/settings-page.tsx";

/** The organisation's identity providers, and who may still use a password. */
export function SingleSignOnPage() {
  const { organization, name, may } = useOrganization();
  const [isAdding, setAdding] = useState(false);
  const mayManage = may("identity_provider.manage");
  const providers = useQuery({ ...identityProvidersQuery(organization), enabled: mayManage });
  return (
    <SettingsPage
      title="Single sign-on"
      lead={`How the people of ${name} come in: OpenID Connect, OAuth 2.0 or SAML 2.0. A provider opens this organisation alone.`}
      actions={
        mayManage && (
          <Button variant="primary" onClick={() => setAdding(true)}>
            <Plus size={14} aria-hidden="true" /> Add a provider
          </Button>
        )
      }
    >
      {mayManage ? (
        <>
          <ListPanel
            query={providers}
            what="The identity providers"
            empty="None yet: people sign in with a password, or by a link."
            row={(provider) => <ProviderRow key={provider.id} provider={provider} />}
          />
          <SignInAddress />
          <PasswordPolicy />
        </>
      ) : (
        <p className="text-muted">Only owners of the organisation see and change this.</p>
      )}
      {isAdding && <AddProvider onClose={() => setAdding(false)} />}
    </SettingsPage>
  );
}

/** Where one install serves several organisations, the sign-in page shows a provider to who names its organisation. */
function SignInAddress() {
  const { organization } = useOrganization();
  const address = `${location.origin}/ui/sign-in?${new URLSearchParams({ organization })}`;
  return (
    <p className="flex flex-wrap items-center gap-1 text-muted">
      Sign-in address: <span className="font-mono text-xs">{address}</span>
      <CopyButton text={address} label="Copy the sign-in address" />
    </p>
  );
}

function PasswordPolicy() {
  const { organization } = useOrganization();
  const client = useQueryClient();
  const found = useQuery(organizationQuery(organization));
  const update = useMutation({
    mutationFn: (body: UpdateOrganizationBody) =>
      ask<Organization>("/api/v1/organizations/:organization_id", {
        method: "PATCH",
        params: { organization_id: organization },
        body,
      }),
    onSettled: () => client.invalidateQueries({ queryKey: ["organization", organization] }),
  });
  if (found.data === undefined) return null;
  return (
    <div className="flex flex-col gap-1">
      <label className="flex items-center gap-2">
        <input
          type="checkbox"
          checked={found.data.password_sign_in === "owners"}
          disabled={update.isPending}
          onChange={(event) => update.mutate({ password_sign_in: event.target.checked ? "owners" : "everyone" })}
        />
        Only owners may sign in with a password
      </label>
      <FormError error={update.error} />
    </div>
  );
}

function ProviderRow({ provider }: { provider: IdentityProvider }) {
  const { organization } = useOrganization();
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: () =>
      ask<void>("/api/v1/organizations/:organization_id/identity-providers/:provider_id", {
        method: "DELETE",
        params: { organization_id: organization, provider_id: provider.id },
      }),
    onSettled: () => client.invalidateQueries({ queryKey: ["organization", organization] }),
  });
  const callback = location.origin + provider.callback_path;
  return (
    <ListRow error={remove.error}>
      <span className="min-w-40 flex-1">
        <span className="font-medium">{provider.name}</span>
        <span className="ml-2 text-xs text-faint uppercase">{provider.kind}</span>
      </span>
      <span className="flex min-w-0 items-center gap-1 font-mono text-xs break-all text-muted">
        {provider.callback_path}
        <CopyButton text={callback} label="Copy the callback address" />
      </span>
      <ConfirmButton
        label={`Remove ${provider.name}`}
        question="Really remove?"
        isBusy={remove.isPending}
        onConfirm={() => remove.mutate()}
      >
        Remove
      </ConfirmButton>
    </ListRow>
  );
}

function AddProvider({ onClose }: { onClose: () => void }) {
  const { organization } = useOrganization();
  const client = useQueryClient();
  const [kind, setKind] = useState<ProviderKind>("oidc");
  const [text, setText] = useState<ProviderText>({});
  const [defaultRole, setDefaultRole] = useState<MemberRole | null>(null);
  const add = useMutation({
    mutationFn: (body: CreateIdentityProviderBody) =>
      ask<IdentityProvider>("/api/v1/organizations/:organization_id/identity-providers", {
        method: "POST",
        params: { organization_id: organization },
        body,
      }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["organization", organization] });
      onClose();
    },
  });
  return (
    <FormDialog
      title="Add an identity provider"
      submitWord="Add"
      onClose={onClose}
      onSubmit={() => add.mutate(providerBody(kind, text, defaultRole))}
      isBusy={add.isPending}
      error={add.error}
    >
      <label className="flex flex-col gap-1 text-xs font-medium text-muted">
        Protocol
        <select className={inputClass} value={kind} onChange={(event) => setKind(event.target.value as ProviderKind)}>
          <option value="oidc">OpenID Connect</option>
          <option value="oauth">OAuth 2.0</option>
          <option value="saml">SAML 2.0</option>
        </select>
      </label>
      {providerFields(kind).map(({ name, label, help, isSecret, isOptional }) => (
        <Field
          key={name}
          label={label}
          type={isSecret === true ? "password" : "text"}
          autoComplete="off"
          required={isOptional !== true}
          value={text[name] ?? ""}
          onChange={(event) => setText({ ...text, [name]: event.target.value })}
          help={help}
        />
      ))}
      <RoleSelect
        label="Role of everybody else"
        noneWord="None: they stay outside"
        value={defaultRole}
        giver="admin"
        onChange={setDefaultRole}
      />
    </FormDialog>
  );
}
