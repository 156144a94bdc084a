import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { CreateProjectBody, Project, ProjectRole } from "@weir/api/contract";
import type { MemberRole } from "@weir/model/browser";
import { Plus } from "lucide-react";
import { useState } from "react";
import { ask } from "../data/client.ts";
import { membersQuery, projectRolesQuery, teamsQuery } from "../data/people-queries.ts";
import { useMayOnProject, useOrganization } from "../data/permission.ts";
import { useScope } from "../data/scope.ts";
import { Button } from "../design/button.tsx";
import { Field, inputClass } from "../design/field.tsx";
import { TimeText } from "../design/time-text.tsx";
import { ConfirmButton } from "../views/settings/confirm-button.tsx";
import { FormDialog } from "../views/settings/form-dialog.tsx";
import { ListPanel, ListRow } from "../views/settings/list-panel.tsx";
import { RoleSelect, roleWord } from "../views/settings/role-select.tsx";
import { SettingsPage } from "../views/settings/settings-page.tsx";

/** The organisation's projects, and who has a role on the one that is shown. */
export function ProjectsPage() {
  const { projects, project } = useScope();
  const { organization, may } = useOrganization();
  const mayOnProject = useMayOnProject();
  const [open, setOpen] = useState<"project" | "role">();
  const own = projects.filter(({ organization_id }) => organization_id === organization);
  return (
    <SettingsPage
      title="Projects"
      lead="Each has its own calls, keys and provider connections. Nobody sees one without a role on it or on its organisation."
      actions={
        may("project.create") && (
          <Button variant="primary" onClick={() => setOpen("project")}>
            <Plus size={14} aria-hidden="true" /> New project
          </Button>
        )
      }
    >
      <ul className="rounded-lg border border-line bg-panel">
        {own.map((each) => (
          <ProjectRow key={each.id} project={each} />
        ))}
      </ul>
      {mayOnProject("member.read") && (
        <section className="flex flex-col gap-2" aria-labelledby="roles">
          <div className="flex items-center">
            <h2 id="roles" className="flex-1 font-semibold">
              Roles on {own.find(({ id }) => id === project)?.name ?? project}
            </h2>
            {mayOnProject("member.manage") && (
              <Button size="small" onClick={() => setOpen("role")}>
                <Plus size={12} aria-hidden="true" /> Give a role
              </Button>
            )}
          </div>
          <ProjectRoles />
        </section>
      )}
      {open === "project" && <NewProject onClose={() => setOpen(undefined)} />}
      {open === "role" && <GiveRole onClose={() => setOpen(undefined)} />}
    </SettingsPage>
  );
}

function ProjectRow({ project }: { project: Project }) {
  const { me } = useScope();
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: () =>
      ask<void>("/api/v1/projects/:project_id", { method: "DELETE", params: { project_id: project.id } }),
    onSettled: () => client.invalidateQueries({ queryKey: ["me"] }),
  });
  const isOwner = me.is_machine_owner || me.project_roles[project.id] === "owner";
  return (
    <ListRow error={remove.error}>
      <span className="min-w-40 flex-1">
        <span className="font-medium">{project.name}</span>
        <code className="ml-3 font-mono text-xs text-muted">{project.id}</code>
      </span>
      <span className="text-muted">{roleWord(me.project_roles[project.id] ?? null)}</span>
      <span className="num text-xs text-faint">
        made <TimeText time={project.created_at} />
      </span>
      {isOwner && project.id !== "default" && (
        <ConfirmButton
          label={`Delete ${project.name} with all its data`}
          question="With all its data?"
          isBusy={remove.isPending}
          onConfirm={() => remove.mutate()}
        >
          Delete
        </ConfirmButton>
      )}
    </ListRow>
  );
}

function ProjectRoles() {
  const { project } = useScope();
  return (
    <ListPanel
      query={useQuery(projectRolesQuery(project))}
      what="The roles"
      empty="The project itself gives no roles: those of the organisation hold."
      row={(role) => <RoleRow key={role.grantee + role.id} role={role} />}
    />
  );
}

function RoleRow({ role }: { role: ProjectRole }) {
  const { project } = useScope();
  const may = useMayOnProject();
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: () =>
      role.grantee === "user"
        ? ask<void>("/api/v1/projects/:project_id/users/:user_id", {
            method: "DELETE",
            params: { project_id: project, user_id: role.id },
          })
        : ask<void>("/api/v1/projects/:project_id/teams/:team_id", {
            method: "DELETE",
            params: { project_id: project, team_id: role.id },
          }),
    onSettled: () => client.invalidateQueries({ queryKey: ["project-roles", project] }),
  });
  return (
    <ListRow error={remove.error}>
      <span className="min-w-40 flex-1 font-medium">{role.name}</span>
      {role.grantee === "team" && <span className="text-xs text-faint">team</span>}
      <span className="text-muted">{roleWord(role.role)}</span>
      {may("member.manage") && (
        <ConfirmButton
          label={`Take away the role of ${role.name}`}
          question="Really take away?"
          isBusy={remove.isPending}
          onConfirm={() => remove.mutate()}
        >
          Take away
        </ConfirmButton>
      )}
    </ListRow>
  );
}

function GiveRole({ onClose }: { onClose: () => void }) {
  const { project, me } = useScope();
  const { organization } = useOrganization();
  const client = useQueryClient();
  const members = useQuery(membersQuery(organization)).data?.data ?? [];
  const teams = useQuery(teamsQuery(organization)).data?.data ?? [];
  const [grantee, setGrantee] = useState("");
  const [role, setRole] = useState<MemberRole | null>("viewer");
  const [kind = "", id = ""] = grantee.split(" ");
  const give = useMutation({
    mutationFn: () =>
      kind === "team"
        ? ask<void>("/api/v1/projects/:project_id/teams/:team_id", {
            method: "PUT",
            params: { project_id: project, team_id: id },
            body: { role },
          })
        : ask<void>("/api/v1/projects/:project_id/users/:user_id", {
            method: "PUT",
            params: { project_id: project, user_id: id },
            body: { role },
          }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["project-roles", project] });
      onClose();
    },
  });
  return (
    <FormDialog
      title="Give a role on this project"
      submitWord="Give the role"
      onClose={onClose}
      onSubmit={() => give.mutate()}
      isBusy={give.isPending || grantee === ""}
      error={give.error}
    >
      <label className="flex flex-col gap-1 text-xs font-medium text-muted">
        To
        <select className={inputClass} value={grantee} onChange={(event) => setGrantee(event.target.value)}>
          <option value="">Choose…</option>
          {teams.map((team) => (
            <option key={team.id} value={`team ${team.id}`}>
              Team {team.name}
            </option>
          ))}
          {members.map((member) => (
            <option key={member.user_id} value={`user ${member.user_id}`}>
              {member.email}
            </option>
          ))}
        </select>
      </label>
      <RoleSelect
        label="Role"
        value={role}
        giver={me.is_machine_owner ? "owner" : (me.project_roles[project] ?? null)}
        onChange={setRole}
      />
    </FormDialog>
  );
}

function NewProject({ onClose }: { onClose: () => void }) {
  const { organization } = useOrganization();
  const client = useQueryClient();
  const [name, setName] = useState("");
  const create = useMutation({
    mutationFn: () => {
      const body: CreateProjectBody = { name: name.trim(), organization_id: organization };
      return ask<Project>("/api/v1/projects", { method: "POST", body });
    },
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["me"] });
      onClose();
    },
  });
  return (
    <FormDialog
      title="New project"
      submitWord="Make the project"
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
        help="Its id is made from it."
      />
    </FormDialog>
  );
}
