import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { AuditEntry } from "@weir/api/contract";
import { Download } from "lucide-react";
import { type FormEvent, useState } from "react";
import { apiUrl } from "../data/client.ts";
import { auditQuery } from "../data/people-queries.ts";
import { useOrganization } from "../data/permission.ts";
import { Button, buttonClass } from "../design/button.tsx";
import { Field } from "../design/field.tsx";
import { ErrorPanel, SkeletonRows } from "../design/states.tsx";
import { TimeText } from "../design/time-text.tsx";
import { SettingsPage } from "../views/settings/settings-page.tsx";

/** Who did what to what, newest first. */
export function AuditPage() {
  const { organization } = useOrganization();
  const [text, setText] = useState("");
  const [q, setQ] = useState("");
  const [before, setBefore] = useState<number>();
  const filters = { organization_id: organization, ...(q !== "" && { q }), ...(before !== undefined && { before }) };
  const audit = useQuery({ ...auditQuery(filters), placeholderData: keepPreviousData });
  const older = audit.data?.next_before ?? null;
  const search = (event: FormEvent) => {
    event.preventDefault();
    setBefore(undefined);
    setQ(text.trim());
  };
  const exportUrl = (format: string) =>
    apiUrl("/api/v1/audit/export", { query: { organization_id: organization, ...(q !== "" && { q }), format } });
  return (
    <SettingsPage
      title="Audit log"
      lead="Every change, and every time that captured content was read: who, from where, before and after. It is only ever added to, and each entry carries the hash of the one before."
      actions={
        <span className="flex gap-2">
          {["jsonl", "csv"].map((format) => (
            <a key={format} className={buttonClass()} href={exportUrl(format)} download>
              <Download size={14} aria-hidden="true" /> {format.toUpperCase()}
            </a>
          ))}
        </span>
      }
    >
      <form onSubmit={search} className="flex items-end gap-2">
        <Field
          label="Search"
          className="max-w-md flex-1"
          placeholder="a person, an action, an id…"
          maxLength={200}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <Button type="submit">Search</Button>
      </form>
      {audit.isError && (
        <ErrorPanel error={audit.error} what="The audit log could not be read." retry={() => void audit.refetch()} />
      )}
      {audit.data === undefined && !audit.isError && (
        <SkeletonRows count={10} className="rounded-lg border border-line bg-panel" />
      )}
      {audit.data?.data.length === 0 && <p className="text-muted">Nothing was found.</p>}
      {audit.data !== undefined && audit.data.data.length > 0 && (
        <ul className="rounded-lg border border-line bg-panel">
          {audit.data.data.map((entry) => (
            <EntryRow key={entry.id} entry={entry} />
          ))}
        </ul>
      )}
      <div className="flex gap-2">
        {before !== undefined && <Button onClick={() => setBefore(undefined)}>Newest</Button>}
        {older !== null && <Button onClick={() => setBefore(older)}>Older</Button>}
      </div>
    </SettingsPage>
  );
}

function EntryRow({ entry }: { entry: AuditEntry }) {
  const { actor, target } = entry;
  return (
    <li className="border-t border-line first:border-0">
      <details className="group">
        <summary className="flex min-h-9 cursor-pointer flex-wrap items-center gap-x-4 gap-y-0.5 px-4 py-1.5 hover:bg-hover">
          <span className="num w-32 text-xs text-faint">
            <TimeText time={entry.time} />
          </span>
          <code className="w-44 font-mono text-xs">{entry.action}</code>
          <span className="min-w-28 flex-1 truncate">{actor.name || actor.kind}</span>
          <span className="min-w-0 truncate font-mono text-xs text-muted">
            {target.kind} {target.id}
          </span>
        </summary>
        <dl className="grid grid-cols-[8rem_1fr] gap-x-3 gap-y-1 bg-sunken px-4 py-3 text-xs">
          <Detail name="Actor" value={`${actor.kind} ${actor.id} ${actor.name}`} />
          <Detail name="From" value={`${actor.address || "—"} · ${actor.user_agent || "—"}`} />
          <Detail name="Project" value={entry.project_id ?? "—"} />
          <Detail name="Before" value={entry.before === null ? "—" : JSON.stringify(entry.before)} />
          <Detail name="After" value={entry.after === null ? "—" : JSON.stringify(entry.after)} />
          <Detail name={`Hash of entry ${entry.sequence}`} value={entry.hash} />
        </dl>
      </details>
    </li>
  );
}

function Detail({ name, value }: { name: string; value: string }) {
  return (
    <>
      <dt className="text-muted">{name}</dt>
      <dd className="font-mono break-all">{value}</dd>
    </>
  );
}
