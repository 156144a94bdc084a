import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ApiKey, CreatedKey, CreateKeyBody } from "@weir/api/contract";
import { type KeyScope, keyScopes } from "@weir/model/browser";
import { type FormEvent, useState } from "react";
import { ask } from "../../data/client.ts";
import { useScope } from "../../data/scope.ts";
import { Button } from "../../design/button.tsx";
import { classes } from "../../design/classes.ts";
import { CodeBlock } from "../../design/code-block.tsx";
import { Dialog } from "../../design/dialog.tsx";
import { Field, inputClass } from "../../design/field.tsx";
import { TimeText } from "../../design/time-text.tsx";
import { SnippetTabs } from "../connect/snippet-tabs.tsx";
import { ConfirmButton } from "./confirm-button.tsx";

/** Whose key: the project's that is shown, or one's own. */
export type KeyHolder = "project" | "person";

export function KeyRow({ apiKey, holder }: { apiKey: ApiKey; holder: KeyHolder }) {
  const { project } = useScope();
  const client = useQueryClient();
  const revoke = useMutation({
    mutationFn: () =>
      holder === "person"
        ? ask<void>("/api/v1/auth/keys/:key_id", { method: "DELETE", params: { key_id: apiKey.id } })
        : ask<void>("/api/v1/keys/:key_id", {
            method: "DELETE",
            params: { key_id: apiKey.id },
            query: { project_id: project },
          }),
    onSettled: () => client.invalidateQueries({ queryKey: queryKeyOf(holder, project) }),
  });
  const isExpired = apiKey.expires_at !== null && Date.parse(apiKey.expires_at) < Date.now();
  const state = apiKey.revoked_at !== null ? "revoked" : isExpired ? "expired" : undefined;
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-1 border-t border-line px-4 py-2.5 first:border-0">
      <span className="min-w-40 flex-1">
        <span className={classes("font-medium", state && "text-faint line-through")}>{apiKey.name}</span>
        <code className="ml-3 font-mono text-xs text-muted">{apiKey.mask}</code>
      </span>
      <span className="text-xs text-muted">{apiKey.scopes.join(", ")}</span>
      <span className="num text-xs text-faint">
        made <TimeText time={apiKey.created_at} />
      </span>
      <span className="num w-32 text-xs text-faint">
        {apiKey.last_used_at === null ? (
          "never used"
        ) : (
          <>
            used <TimeText time={apiKey.last_used_at} />
          </>
        )}
      </span>
      <span className="w-28 text-right">
        {state === undefined ? (
          <ConfirmButton
            label={`Revoke ${apiKey.name}`}
            question="Really revoke?"
            isBusy={revoke.isPending}
            onConfirm={() => revoke.mutate()}
          >
            Revoke
          </ConfirmButton>
        ) : (
          <span className="text-xs text-faint">{state}</span>
        )}
      </span>
      {revoke.isError && (
        <p role="alert" className="w-full text-xs text-bad">
          {revoke.error.message}
        </p>
      )}
    </li>
  );
}

function queryKeyOf(holder: KeyHolder, project: string): readonly string[] {
  return holder === "person" ? ["personal-keys"] : ["keys", project];
}

const scopeHelp: Record<KeyScope, string> = {
  ingest: "send telemetry",
  gateway: "make calls",
  query: "read",
  manage: "manage keys, providers and deletions",
};

const lifetimes = { "": "Never", "30": "After 30 days", "90": "After 90 days", "365": "After a year" } as const;

export function CreateKey({ holder, onClose }: { holder: KeyHolder; onClose: () => void }) {
  const { project } = useScope();
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [days, setDays] = useState("");
  const [scopes, setScopes] = useState<readonly KeyScope[]>(["ingest", "query", "gateway"]);
  const create = useMutation({
    mutationFn: () => {
      const body: CreateKeyBody = { name: name.trim(), project_id: project, scopes: [...scopes] };
      if (days !== "") body.expires_at = new Date(Date.now() + Number(days) * 86_400_000).toISOString();
      return ask<CreatedKey>(holder === "person" ? "/api/v1/auth/keys" : "/api/v1/keys", { method: "POST", body });
    },
    onSuccess: () => client.invalidateQueries({ queryKey: queryKeyOf(holder, project) }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() !== "") create.mutate();
  };
  if (create.data !== undefined) return <ShownOnce secret={create.data.secret} onClose={onClose} />;
  return (
    <Dialog isOpen onClose={onClose} title="New key">
      <form onSubmit={submit} className="flex flex-col gap-3">
        <Field
          label="Name"
          autoFocus
          required
          maxLength={120}
          value={name}
          onChange={(event) => setName(event.target.value)}
          placeholder="support bot, production"
          help="Where it will be used; you can tell keys apart by it."
        />
        <fieldset className="flex flex-col gap-1">
          <legend className="mb-1 text-xs font-medium text-muted">It may</legend>
          {keyScopes.map((scope) => (
            <label key={scope} className="flex items-center gap-2">
              <input
                type="checkbox"
                checked={scopes.includes(scope)}
                onChange={(event) =>
                  setScopes(event.target.checked ? [...scopes, scope] : scopes.filter((each) => each !== scope))
                }
              />
              {scopeHelp[scope]}
            </label>
          ))}
        </fieldset>
        <label className="flex flex-col gap-1 text-xs font-medium text-muted">
          Expires
          <select className={inputClass} value={days} onChange={(event) => setDays(event.target.value)}>
            {Object.entries(lifetimes).map(([value, word]) => (
              <option key={value} value={value}>
                {word}
              </option>
            ))}
          </select>
        </label>
        {create.isError && (
          <p role="alert" className="text-xs text-bad">
            {create.error.message}
          </p>
        )}
        <div className="mt-2 flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            variant="primary"
            disabled={create.isPending || name.trim() === "" || scopes.length === 0}
          >
            Make the key
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function ShownOnce({ secret, onClose }: { secret: string; onClose: () => void }) {
  return (
    <Dialog isOpen onClose={onClose} title="Your new key">
      <div className="flex flex-col gap-3">
        <p className="text-muted">Copy it now: it is shown this once, and Weir keeps only its hash.</p>
        <CodeBlock code={secret} title="Key" />
        <SnippetTabs origin={location.origin} weirKey={secret} isVirtual={false} />
        <Button variant="primary" className="self-end" onClick={onClose}>
          I have copied it
        </Button>
      </div>
    </Dialog>
  );
}
