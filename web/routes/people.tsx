import { Plus } from "lucide-react";
import { useState } from "react";
import { useOrganization } from "../data/permission.ts";
import { Button } from "../design/button.tsx";
import { Invitations, Invite } from "../views/people/invitations.tsx";
import { Members } from "../views/people/members.tsx";
import { NewTeam, Teams } from "../views/people/teams.tsx";
import { SettingsPage } from "../views/settings/settings-page.tsx";

/** Who belongs to the organisation: members, invitations, teams. */
export function PeoplePage() {
  const { name, may } = useOrganization();
  const [open, setOpen] = useState<"invite" | "team">();
  const mayManage = may("member.manage");
  return (
    <SettingsPage
      title="People"
      lead={`Who belongs to ${name}, and as what. A role here holds on every project; a project can give more.`}
      actions={
        mayManage && (
          <Button variant="primary" onClick={() => setOpen("invite")}>
            <Plus size={14} aria-hidden="true" /> Invite
          </Button>
        )
      }
    >
      <Members />
      {mayManage && (
        <section className="flex flex-col gap-2" aria-labelledby="invitations">
          <h2 id="invitations" className="font-semibold">
            Invitations
          </h2>
          <Invitations />
        </section>
      )}
      <section className="flex flex-col gap-2" aria-labelledby="teams">
        <div className="flex items-center">
          <h2 id="teams" className="flex-1 font-semibold">
            Teams
          </h2>
          {mayManage && (
            <Button size="small" onClick={() => setOpen("team")}>
              <Plus size={12} aria-hidden="true" /> New team
            </Button>
          )}
        </div>
        <Teams />
      </section>
      {open === "invite" && <Invite onClose={() => setOpen(undefined)} />}
      {open === "team" && <NewTeam onClose={() => setOpen(undefined)} />}
    </SettingsPage>
  );
}
