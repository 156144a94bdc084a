import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { SecretLink as Link, Member, UpdateMemberBody } from "@weir/api/contract";
import { isAtLeast } from "@weir/model/browser";
import { useState } from "react";
import { ask } from "../../data/client.ts";
import { membersQuery } from "../../data/people-queries.ts";
import { useOrganization } from "../../data/permission.ts";
import { Button } from "../../design/button.tsx";
import { TimeText } from "../../design/time-text.tsx";
import { ConfirmButton } from "../settings/confirm-button.tsx";
import { ListPanel, ListRow } from "../settings/list-panel.tsx";
import { byProjectOnly, RoleSelect, roleWord } from "../settings/role-select.tsx";
import { SecretLink } from "../settings/secret-link.tsx";

/** Who belongs to the organisation, and as what. */
export function Members() {
  const { organization } = useOrganization();
  const members = useQuery(membersQuery(organization));
  return (
    <ListPanel
      query={members}
      what="The members"
      empty="Nobody has an account here yet: the owner of this machine looks after it. Invite the first owner."
      row={(member) => <MemberRow key={member.user_id} member={member} />}
    />
  );
}

function MemberRow({ member }: { member: Member }) {
  const { organization, role, may } = useOrganization();
  const client = useQueryClient();
  const params = { organization_id: organization, user_id: member.user_id };
  const onSettled = () => client.invalidateQueries({ queryKey: ["organization", organization] });
  const update = useMutation({
    mutationFn: (body: UpdateMemberBody) =>
      ask<void>("/api/v1/organizations/:organization_id/members/:user_id", { method: "PATCH", params, body }),
    onSettled,
  });
  const remove = useMutation({
    mutationFn: () =>
      ask<void>("/api/v1/organizations/:organization_id/members/:user_id", { method: "DELETE", params }),
    onSettled,
  });
  const mayChange = may("member.manage") && (member.role === null || isAtLeast(role ?? undefined, member.role));
  return (
    <ListRow error={update.error ?? remove.error}>
      <span className="flex min-w-48 flex-1 flex-wrap items-baseline gap-x-2">
        <span className="font-medium">{member.email}</span>
        {member.name !== "" && <span className="text-muted">{member.name}</span>}
        {member.source === "sso" && <span className="text-xs text-faint">by single sign-on</span>}
      </span>
      <span className="num text-xs text-faint">
        since <TimeText time={member.created_at} />
      </span>
      {mayChange ? (
        <>
          <span className="w-36">
            <RoleSelect
              label={`Role of ${member.email}`}
              isLabelHidden
              noneWord={byProjectOnly}
              value={member.role}
              giver={role}
              disabled={update.isPending}
              onChange={(next) => update.mutate({ role: next })}
            />
          </span>
          <ResetButton member={member} />
          <ConfirmButton
            label={`Remove ${member.email}`}
            question="Really remove?"
            isBusy={remove.isPending}
            onConfirm={() => remove.mutate()}
          >
            Remove
          </ConfirmButton>
        </>
      ) : (
        <span className="text-muted">{roleWord(member.role)}</span>
      )}
    </ListRow>
  );
}

function ResetButton({ member }: { member: Member }) {
  const { organization } = useOrganization();
  const [link, setLink] = useState<Link>();
  const make = useMutation({
    mutationFn: () =>
      ask<Link>("/api/v1/organizations/:organization_id/members/:user_id/password-reset", {
        method: "POST",
        params: { organization_id: organization, user_id: member.user_id },
      }),
    onSuccess: setLink,
  });
  return (
    <>
      <Button
        size="small"
        variant="quiet"
        disabled={make.isPending}
        aria-label={`${make.isError ? "Not possible:" : "Reset password of"} ${member.email}`}
        data-hint={make.error?.message}
        onClick={() => make.mutate()}
      >
        {make.isError ? "Not possible" : "Reset password"}
      </Button>
      {link !== undefined && (
        <SecretLink
          title="Choose a new password"
          lead={`Hand this link to ${member.email}.`}
          link={link}
          onClose={() => setLink(undefined)}
        />
      )}
    </>
  );
}
