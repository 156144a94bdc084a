import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Team, TeamBody } from "@weir/api/contract";
import { X } from "lucide-react";
import { useState } from "react";
import { ask } from "../../data/client.ts";
import { membersQuery, teamsQuery } from "../../data/people-queries.ts";
import { useOrganization } from "../../data/permission.ts";
import { Button } from "../../design/button.tsx";
import { Field, inputClass } from "../../design/field.tsx";
import { ConfirmButton } from "../settings/confirm-button.tsx";
import { FormDialog } from "../settings/form-dialog.tsx";
import { ListPanel, ListRow } from "../settings/list-panel.tsx";

/** People who get roles on projects together. */
export function Teams() {
  const { organization } = useOrganization();
  const teams = useQuery(teamsQuery(organization));
  return (
    <ListPanel
      query={teams}
      what="The teams"
      empty="No teams yet. A team gets a role on a project, and with it everybody in it."
      row={(team) => <TeamRow key={team.id} team={team} />}
    />
  );
}

function TeamRow({ team }: { team: Team }) {
  const { organization, may } = useOrganization();
  const client = useQueryClient();
  const members = useQuery(membersQuery(organization)).data?.data ?? [];
  const onSettled = () => client.invalidateQueries({ queryKey: ["organization", organization] });
  const remove = useMutation({
    mutationFn: () =>
      ask<void>("/api/v1/organizations/:organization_id/teams/:team_id", {
        method: "DELETE",
        params: { organization_id: organization, team_id: team.id },
      }),
    onSettled,
  });
  const change = useMutation({
    mutationFn: ({ user, method }: { user: string; method: "PUT" | "DELETE" }) =>
      ask<void>("/api/v1/organizations/:organization_id/teams/:team_id/members/:user_id", {
        method,
        params: { organization_id: organization, team_id: team.id, user_id: user },
      }),
    onSettled,
  });
  const emailOf = (id: string) => members.find(({ user_id }) => user_id === id)?.email ?? id;
  const others = members.filter(({ user_id }) => !team.user_ids.includes(user_id));
  const mayChange = may("member.manage");
  return (
    <ListRow error={remove.error ?? change.error}>
      <span className="min-w-32 font-medium">{team.name}</span>
      <span className="flex flex-1 flex-wrap gap-1.5">
        {team.user_ids.map((id) => (
          <span key={id} className="inline-flex items-center gap-1 rounded bg-sunken px-2 py-0.5 text-xs">
            {emailOf(id)}
            {mayChange && (
              <Button
                size="tiny"
                variant="quiet"
                aria-label={`Take ${emailOf(id)} out of ${team.name}`}
                onClick={() => change.mutate({ user: id, method: "DELETE" })}
              >
                <X size={12} aria-hidden="true" />
              </Button>
            )}
          </span>
        ))}
        {team.user_ids.length === 0 && <span className="text-faint">nobody yet</span>}
      </span>
      {mayChange && (
        <>
          <span className="w-40">
            <select
              className={inputClass}
              aria-label={`Add somebody to ${team.name}`}
              value=""
              disabled={others.length === 0}
              onChange={(event) => change.mutate({ user: event.target.value, method: "PUT" })}
            >
              <option value="">Add…</option>
              {others.map(({ user_id, email }) => (
                <option key={user_id} value={user_id}>
                  {email}
                </option>
              ))}
            </select>
          </span>
          <ConfirmButton
            label={`Delete ${team.name}`}
            question="Really delete?"
            isBusy={remove.isPending}
            onConfirm={() => remove.mutate()}
          >
            Delete
          </ConfirmButton>
        </>
      )}
    </ListRow>
  );
}

export function NewTeam({ onClose }: { onClose: () => void }) {
  const { organization } = useOrganization();
  const client = useQueryClient();
  const [name, setName] = useState("");
  const create = useMutation({
    mutationFn: () => {
      const body: TeamBody = { name: name.trim() };
      const params = { organization_id: organization };
      return ask<Team>("/api/v1/organizations/:organization_id/teams", { method: "POST", params, body });
    },
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["organization", organization] });
      onClose();
    },
  });
  return (
    <FormDialog
      title="New team"
      submitWord="Make the team"
      onClose={onClose}
      onSubmit={() => create.mutate()}
      isBusy={create.isPending || name.trim() === ""}
      error={create.error}
    >
      <Field
        label="Name"
        autoFocus
        required
        maxLength={120}
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
    </FormDialog>
  );
}
