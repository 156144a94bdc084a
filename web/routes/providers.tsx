import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Connection, CreateConnectionBody } from "@weir/api/contract";
import { Cable, Plus } from "lucide-react";
import { type FormEvent, useState } from "react";
import { ApiError, ask } from "../data/client.ts";
import { connectionsQuery, installQuery } from "../data/queries.ts";
import { useScope } from "../data/scope.ts";
import { Button } from "../design/button.tsx";
import { Dialog } from "../design/dialog.tsx";
import { Field, inputClass } from "../design/field.tsx";
import { ErrorPanel, SkeletonRows } from "../design/states.tsx";
import { TimeText } from "../design/time-text.tsx";
import { ConfirmButton } from "../views/settings/confirm-button.tsx";
import { SettingsPage } from "../views/settings/settings-page.tsx";

/** Providers' keys that Weir holds for the project, so that clients need only a Weir key. */
export function ProvidersPage() {
  const { project } = useScope();
  const connections = useQuery(connectionsQuery(project));
  const [isAdding, setAdding] = useState(false);
  return (
    <SettingsPage
      title="Providers"
      lead="Give Weir a provider's key, and applications of this project need only a Weir key. Secrets are encrypted and never shown again. Without a connection, the application's own provider key passes through."
      actions={
        <Button variant="primary" onClick={() => setAdding(true)}>
          <Plus size={14} aria-hidden="true" /> Add a provider
        </Button>
      }
    >
      {connections.isError && (
        <ErrorPanel
          error={connections.error}
          what="The connections could not be read."
          retry={() => void connections.refetch()}
        />
      )}
      {connections.data === undefined && !connections.isError && (
        <SkeletonRows count={3} className="rounded-lg border border-line bg-panel" />
      )}
      {connections.data?.data.length === 0 && (
        <div className="flex flex-col items-start gap-3 rounded-lg border border-dashed border-line-strong p-6">
          <Cable size={20} aria-hidden="true" className="text-faint" />
          <p className="text-muted">
            No provider's key is held for this project. Calls pass through with the application's own key.
          </p>
        </div>
      )}
      {connections.data !== undefined && connections.data.data.length > 0 && (
        <ul className="rounded-lg border border-line bg-panel">
          {connections.data.data.map((connection) => (
            <ConnectionRow key={connection.id} connection={connection} />
          ))}
        </ul>
      )}
      {isAdding && <AddConnection onClose={() => setAdding(false)} />}
    </SettingsPage>
  );
}

function ConnectionRow({ connection }: { connection: Connection }) {
  const { project } = useScope();
  const client = useQueryClient();
  const install = useQuery(installQuery);
  const name = install.data?.providers.find(({ id }) => id === connection.provider)?.name ?? connection.provider;
  const remove = useMutation({
    mutationFn: () =>
      ask<void>("/api/v1/connections/:connection_id", {
        method: "DELETE",
        params: { connection_id: connection.id },
        query: { project_id: project },
      }),
    onSettled: () => client.invalidateQueries({ queryKey: ["connections", project] }),
  });
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-1 border-t border-line px-4 py-2.5 first:border-0">
      <span className="min-w-40 flex-1">
        <span className="font-medium">{name}</span>
        <span className="ml-3 font-mono text-xs text-muted">{connection.base_url ?? "the provider's own address"}</span>
      </span>
      <span className="num text-xs text-faint">
        added <TimeText time={connection.created_at} />
      </span>
      <ConfirmButton
        label={`Remove ${name}`}
        question="Really remove?"
        isBusy={remove.isPending}
        onConfirm={() => remove.mutate()}
      >
        Remove
      </ConfirmButton>
      {remove.isError && (
        <p role="alert" className="w-full text-xs text-bad">
          {remove.error.message}
        </p>
      )}
    </li>
  );
}

function AddConnection({ onClose }: { onClose: () => void }) {
  const { project } = useScope();
  const client = useQueryClient();
  const install = useQuery(installQuery);
  const providers = install.data?.providers ?? [];
  const [provider, setProvider] = useState("openai");
  const [secret, setSecret] = useState("");
  const [baseUrl, setBaseUrl] = useState("");
  const add = useMutation({
    mutationFn: () => {
      const body: CreateConnectionBody = { provider, secret: secret.trim(), project_id: project };
      if (baseUrl.trim() !== "") body.base_url = baseUrl.trim();
      return ask<Connection>("/api/v1/connections", { method: "POST", body });
    },
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["connections", project] });
      onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate();
  };
  const errorOf = (field: string) =>
    add.error instanceof ApiError ? add.error.details.find(({ path }) => path.includes(field))?.message : undefined;
  return (
    <Dialog isOpen onClose={onClose} title="Add a provider">
      <form onSubmit={submit} className="flex flex-col gap-3">
        <label className="flex flex-col gap-1 text-xs font-medium text-muted">
          Provider
          <select className={inputClass} value={provider} onChange={(event) => setProvider(event.target.value)}>
            {providers.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <Field
          label="The provider's key"
          type="password"
          autoComplete="off"
          required
          value={secret}
          onChange={(event) => setSecret(event.target.value)}
          error={errorOf("secret")}
          help="Kept encrypted; never shown again."
        />
        <Field
          label="Base URL (optional)"
          type="url"
          value={baseUrl}
          onChange={(event) => setBaseUrl(event.target.value)}
          placeholder="the provider's own address"
          error={errorOf("base_url")}
          help="For a proxy, a region or a server of your own; without the version."
        />
        {add.isError && (
          <p role="alert" className="text-xs text-bad">
            {add.error.message}
          </p>
        )}
        <div className="mt-2 flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" disabled={add.isPending || secret.trim() === ""}>
            Add
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
