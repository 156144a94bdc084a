import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { CreatedInvitation, CreateInvitationBody, Invitation } from "@weir/api/contract";
import type { MemberRole } from "@weir/model/browser";
import { useState } from "react";
import { ask } from "../../data/client.ts";
import { invitationsQuery } from "../../data/people-queries.ts";
import { useOrganization } from "../../data/permission.ts";
import { useScope } from "../../data/scope.ts";
import { Field } from "../../design/field.tsx";
import { TimeText } from "../../design/time-text.tsx";
import { ConfirmButton } from "../settings/confirm-button.tsx";
import { FormDialog } from "../settings/form-dialog.tsx";
import { ListPanel, ListRow } from "../settings/list-panel.tsx";
import { byProjectOnly, RoleSelect, roleWord } from "../settings/role-select.tsx";
import { SecretLink } from "../settings/secret-link.tsx";

/** Who was invited and has not come yet. */
export function Invitations() {
  const { organization } = useOrganization();
  const invitations = useQuery(invitationsQuery(organization));
  return (
    <ListPanel
      query={invitations}
      what="The invitations"
      empty="No invitation is open."
      row={(invitation) => <InvitationRow key={invitation.id} invitation={invitation} />}
    />
  );
}

function InvitationRow({ invitation }: { invitation: Invitation }) {
  const { organization } = useOrganization();
  const client = useQueryClient();
  const revoke = useMutation({
    mutationFn: () =>
      ask<void>("/api/v1/organizations/:organization_id/invitations/:invitation_id", {
        method: "DELETE",
        params: { organization_id: organization, invitation_id: invitation.id },
      }),
    onSettled: () => client.invalidateQueries({ queryKey: ["organization", organization] }),
  });
  return (
    <ListRow error={revoke.error}>
      <span className="min-w-48 flex-1 font-medium">{invitation.email}</span>
      <span className="text-muted">
        {roleWord(invitation.role)}
        {invitation.project !== null && `, ${roleWord(invitation.project.role)} of ${invitation.project.id}`}
      </span>
      <span className="num text-xs text-faint">
        by {invitation.invited_by}, until <TimeText time={invitation.expires_at} />
      </span>
      <ConfirmButton
        label={`Take back the invitation of ${invitation.email}`}
        question="Really take back?"
        isBusy={revoke.isPending}
        onConfirm={() => revoke.mutate()}
      >
        Take back
      </ConfirmButton>
    </ListRow>
  );
}

export function Invite({ onClose }: { onClose: () => void }) {
  const { organization, role: own } = useOrganization();
  const { project } = useScope();
  const client = useQueryClient();
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<MemberRole | null>("member");
  const create = useMutation({
    mutationFn: () => {
      const body: CreateInvitationBody = { email: email.trim(), role };
      if (role === null) body.project = { id: project, role: "viewer" };
      return ask<CreatedInvitation>("/api/v1/organizations/:organization_id/invitations", {
        method: "POST",
        params: { organization_id: organization },
        body,
      });
    },
    onSuccess: () => client.invalidateQueries({ queryKey: ["organization", organization] }),
  });
  if (create.data !== undefined) {
    const { invitation, link } = create.data;
    return (
      <SecretLink title="Invitation" lead={`Hand this link to ${invitation.email}.`} link={link} onClose={onClose} />
    );
  }
  return (
    <FormDialog
      title="Invite somebody"
      submitWord="Make the invitation"
      onClose={onClose}
      onSubmit={() => create.mutate()}
      isBusy={create.isPending || email.trim() === ""}
      error={create.error}
    >
      <Field
        label="E-mail"
        type="email"
        autoFocus
        required
        value={email}
        onChange={(event) => setEmail(event.target.value)}
      />
      <RoleSelect label="Role" noneWord={byProjectOnly} value={role} giver={own} onChange={setRole} />
      <p className="text-xs text-faint">
        Viewers read. Members also use what is shared. Admins manage keys, providers and people. Owners may do
        everything. By project only: a viewer of the project that is shown, and of nothing else.
      </p>
    </FormDialog>
  );
}
