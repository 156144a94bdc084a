import { useMutation, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { PasswordResetBody } from "@weir/api/contract";
import { type FormEvent, useState } from "react";
import { ask } from "../data/client.ts";
import { Button } from "../design/button.tsx";
import { Field } from "../design/field.tsx";
import { EntryPage } from "../views/frame/entry-page.tsx";
import { FormError } from "../views/settings/list-panel.tsx";

const route = getRouteApi("/reset-password");

/** Where a reset link leads: a new password, and in. */
export function ResetPasswordPage() {
  const { token = "" } = route.useSearch();
  const navigate = route.useNavigate();
  const client = useQueryClient();
  const [password, setPassword] = useState("");
  const reset = useMutation({
    mutationFn: (body: PasswordResetBody) => ask<unknown>("/api/v1/auth/password-reset", { method: "POST", body }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["me"] });
      await navigate({ href: "/ui/", replace: true });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    reset.mutate({ token, password });
  };
  return (
    <EntryPage title="Choose a new password">
      <form onSubmit={submit} className="flex flex-col gap-3">
        <Field
          label="New password"
          type="password"
          autoComplete="new-password"
          autoFocus
          required
          minLength={10}
          value={password}
          onChange={(event) => setPassword(event.target.value)}
          help="At least 10 characters. All your sessions end."
        />
        <FormError error={reset.error} />
        <Button type="submit" variant="primary" className="justify-center" disabled={reset.isPending}>
          Set it and sign in
        </Button>
      </form>
    </EntryPage>
  );
}
