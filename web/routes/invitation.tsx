import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { AcceptInvitationBody, OpenInvitation } from "@weir/api/contract";
import { type FormEvent, useState } from "react";
import { ask } from "../data/client.ts";
import { meQuery } from "../data/queries.ts";
import { Button, buttonClass } from "../design/button.tsx";
import { Field } from "../design/field.tsx";
import { Skeleton } from "../design/states.tsx";
import { EntryPage } from "../views/frame/entry-page.tsx";
import { FormError } from "../views/settings/list-panel.tsx";
import { roleWord } from "../views/settings/role-select.tsx";

const route = getRouteApi("/invitation");

/** Where an invitation's link leads: with an account one accepts, without one an account is made. */
export function InvitationPage() {
  const { token = "" } = route.useSearch();
  const invitation = useQuery({
    queryKey: ["invitation", token],
    queryFn: () => ask<OpenInvitation>("/api/v1/auth/invitations/open", { method: "POST", body: { token } }),
    retry: false,
  });
  return (
    <EntryPage title="You are invited">
      {invitation.isPending && <Skeleton className="h-24" />}
      {invitation.isError && (
        <div role="alert" className="rounded-lg border border-line bg-bad-soft p-3">
          {invitation.error.message}
        </div>
      )}
      {invitation.data !== undefined && <Accept token={token} invitation={invitation.data} />}
    </EntryPage>
  );
}

function Accept({ token, invitation }: { token: string; invitation: OpenInvitation }) {
  const navigate = route.useNavigate();
  const client = useQueryClient();
  const me = useQuery({ ...meQuery, retry: false });
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const accept = useMutation({
    mutationFn: (body: AcceptInvitationBody) =>
      ask<unknown>("/api/v1/auth/invitations/accept", { method: "POST", body }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["me"] });
      await navigate({ href: "/ui/", replace: true });
    },
  });
  const isSignedIn = me.data?.user?.email === invitation.email;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    accept.mutate(isSignedIn ? { token } : { token, name, password });
  };
  const next = `/sign-in?next=${encodeURIComponent(`/invitation?token=${token}`)}`;
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <p>
        {invitation.invited_by || "Somebody"} invites <strong>{invitation.email}</strong> to{" "}
        <strong>{invitation.organization_name}</strong> ({roleWord(invitation.role)}).
      </p>
      {invitation.has_account && !isSignedIn && (
        <a className={`${buttonClass("primary")} justify-center`} href={`/ui${next}`}>
          Sign in as {invitation.email} to accept
        </a>
      )}
      {!invitation.has_account && (
        <>
          <Field
            label="Your name"
            autoComplete="name"
            maxLength={120}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
          <Field
            label="Choose a password"
            type="password"
            autoComplete="new-password"
            required
            minLength={10}
            value={password}
            onChange={(event) => setPassword(event.target.value)}
            help="At least 10 characters."
          />
        </>
      )}
      <FormError error={accept.error} />
      {(!invitation.has_account || isSignedIn) && (
        <Button type="submit" variant="primary" className="justify-center" disabled={accept.isPending}>
          Accept
        </Button>
      )}
    </form>
  );
}
