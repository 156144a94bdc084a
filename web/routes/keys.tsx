import { useQuery } from "@tanstack/react-query";
import { KeyRound, Plus } from "lucide-react";
import { useState } from "react";
import { keysQuery } from "../data/queries.ts";
import { useScope } from "../data/scope.ts";
import { Button } from "../design/button.tsx";
import { ErrorPanel, SkeletonRows } from "../design/states.tsx";
import { CreateKey, KeyRow } from "../views/settings/api-keys.tsx";
import { SettingsPage } from "../views/settings/settings-page.tsx";

/** Keys of the project: made (and shown once), revoked. */
export function KeysPage() {
  const { project } = useScope();
  const keys = useQuery(keysQuery(project));
  const [isCreating, setCreating] = useState(false);
  return (
    <SettingsPage
      title="API keys"
      lead="A key names this project: for calls through the gateway, for sent telemetry, and for the API. Weir keeps only its hash."
      actions={
        <Button variant="primary" onClick={() => setCreating(true)}>
          <Plus size={14} aria-hidden="true" /> New key
        </Button>
      }
    >
      {keys.isError && (
        <ErrorPanel error={keys.error} what="The keys could not be read." retry={() => void keys.refetch()} />
      )}
      {keys.data === undefined && !keys.isError && (
        <SkeletonRows count={4} className="rounded-lg border border-line bg-panel" />
      )}
      {keys.data?.data.length === 0 && (
        <div className="flex flex-col items-start gap-3 rounded-lg border border-dashed border-line-strong p-6">
          <KeyRound size={20} aria-hidden="true" className="text-faint" />
          <p className="text-muted">
            No keys yet. Applications on this machine may need none; everything beyond it does, and so does every
            project but the default one.
          </p>
        </div>
      )}
      {keys.data !== undefined && keys.data.data.length > 0 && (
        <ul className="rounded-lg border border-line bg-panel">
          {keys.data.data.map((key) => (
            <KeyRow key={key.id} apiKey={key} holder="project" />
          ))}
        </ul>
      )}
      {isCreating && <CreateKey holder="project" onClose={() => setCreating(false)} />}
    </SettingsPage>
  );
}
