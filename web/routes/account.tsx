import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { PasswordBody, Session } from "@weir/api/contract";
import { useState } from "react";
import { ask } from "../data/client.ts";
import { personalKeysQuery, sessionsQuery } from "../data/people-queries.ts";
import { useScope } from "../data/scope.ts";
import { Button } from "../design/button.tsx";
import { Field } from "../design/field.tsx";
import { TimeText } from "../design/time-text.tsx";
import { CreateKey, KeyRow } from "../views/settings/api-keys.tsx";
import { ConfirmButton } from "../views/settings/confirm-button.tsx";
import { FormDialog } from "../views/settings/form-dialog.tsx";
import { ListPanel, ListRow } from "../views/settings/list-panel.tsx";
import { programName } from "../views/settings/program-name.ts";
import { SettingsPage } from "../views/settings/settings-page.tsx";

/** One's own account: password, keys, sessions. */
export function AccountPage() {
  const { me } = useScope();
  const [open, setOpen] = useState<"password" | "key">();
  const sessions = useQuery(sessionsQuery);
  const keys = useQuery(personalKeysQuery);
  return (
    <SettingsPage
      title="Account"
      lead={me.user === null ? "You are the owner of this machine, above every role." : `You are ${me.user.email}.`}
      actions={me.user !== null && <Button onClick={() => setOpen("password")}>Change the password</Button>}
    >
      {me.user !== null && (
        <section className="flex flex-col gap-2" aria-labelledby="personal-keys">
          <div className="flex items-center">
            <h2 id="personal-keys" className="flex-1 font-semibold">
              Personal keys
            </h2>
            <Button size="small" onClick={() => setOpen("key")}>
              New key
            </Button>
          </div>
          <ListPanel
            query={keys}
            what="Your keys"
            empty="No personal keys. One acts for you, with your roles in its project's organisation."
            row={(key) => <KeyRow key={key.id} apiKey={key} holder="person" />}
          />
        </section>
      )}
      <section className="flex flex-col gap-2" aria-labelledby="sessions">
        <h2 id="sessions" className="font-semibold">
          Sessions
        </h2>
        <ListPanel
          query={sessions}
          what="Your sessions"
          empty="No session is open."
          row={(session) => <SessionRow key={session.id} session={session} />}
        />
      </section>
      {open === "password" && <ChangePassword onClose={() => setOpen(undefined)} />}
      {open === "key" && <CreateKey holder="person" onClose={() => setOpen(undefined)} />}
    </SettingsPage>
  );
}

function SessionRow({ session }: { session: Session }) {
  const client = useQueryClient();
  const end = useMutation({
    mutationFn: () =>
      ask<void>("/api/v1/auth/sessions/:session_id", { method: "DELETE", params: { session_id: session.id } }),
    onSettled: () => client.invalidateQueries({ queryKey: [session.is_current ? "me" : "sessions"] }),
  });
  return (
    <ListRow error={end.error}>
      <span className="min-w-48 flex-1">
        <span className="font-medium" title={session.user_agent}>
          {programName(session.user_agent)}
        </span>
        {session.is_current && <span className="ml-2 text-xs text-accent-strong">this one</span>}
      </span>
      <span className="text-xs text-muted">
        {session.address || "this machine"}, by {session.method}
      </span>
      <span className="num text-xs text-faint">
        seen <TimeText time={session.last_seen_at} />
      </span>
      <ConfirmButton
        label={`End the session of ${session.address || "this machine"}`}
        question="Really end?"
        isBusy={end.isPending}
        onConfirm={() => end.mutate()}
      >
        End
      </ConfirmButton>
    </ListRow>
  );
}

function ChangePassword({ onClose }: { onClose: () => void }) {
  const [current, setCurrent] = useState("");
  const [password, setPassword] = useState("");
  const client = useQueryClient();
  const change = useMutation({
    mutationFn: () => {
      const body: PasswordBody = { current, password };
      return ask<void>("/api/v1/auth/password", { method: "POST", body });
    },
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["sessions"] });
      onClose();
    },
  });
  return (
    <FormDialog
      title="Change the password"
      submitWord="Change"
      onClose={onClose}
      onSubmit={() => change.mutate()}
      isBusy={change.isPending || password.length < 10}
      error={change.error}
    >
      <Field
        label="Current password"
        type="password"
        autoComplete="current-password"
        required
        value={current}
        onChange={(event) => setCurrent(event.target.value)}
      />
      <Field
        label="New password"
        type="password"
        autoComplete="new-password"
        required
        minLength={10}
        value={password}
        onChange={(event) => setPassword(event.target.value)}
        help="At least 10 characters. Every other session ends."
      />
    </FormDialog>
  );
}
