import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { LogRecord } from "@weir/api/contract";
import { printFilter } from "@weir/query";
import { ChevronDown, ChevronUp, X } from "lucide-react";
import { logQuery } from "../../data/log-queries.ts";
import type { OpenLog } from "../../data/page-search.ts";
import { useScope } from "../../data/scope.ts";
import { Button } from "../../design/button.tsx";
import { CodeBlock } from "../../design/code-block.tsx";
import { Drawer } from "../../design/drawer.tsx";
import { formatAbsolute } from "../../design/format.ts";
import { prettyJson } from "../../design/json-tokens.ts";
import { ErrorPanel, SkeletonRows } from "../../design/states.tsx";
import { Unknown } from "../../design/unknown.tsx";
import { Copied, Entries, Fact, Group, Id } from "../call/fact-groups.tsx";
import { FactRow } from "../call/timing-view.tsx";
import { SeverityMark } from "./severity.tsx";
import type { LogListState } from "./use-log-list.ts";

/** The open record beside its list. One that the list has not loaded, as an old link may name, is looked for. */
export function LogDrawer({ opened, state }: { opened: OpenLog; state: LogListState }) {
  const { project } = useScope();
  const { log: id = "", log_time: time = "" } = opened;
  const listed = state.records.find((record) => record.id === id);
  const canFind = listed === undefined && state.list.isSuccess && !Number.isNaN(Date.parse(time));
  const found = useQuery({ ...logQuery(project, id, time), enabled: canFind });
  const record = listed ?? found.data;
  const isMissing = found.data === null || (state.list.isSuccess && listed === undefined && !canFind);
  return (
    <Drawer label="Log record">
      <div className="flex h-10 shrink-0 items-center gap-0.5 border-b border-line px-2">
        <Button
          variant="quiet"
          size="icon"
          aria-label="Close"
          data-hint="Close  Esc"
          onClick={() => state.open(undefined)}
        >
          <X size={16} aria-hidden="true" />
        </Button>
        <Button variant="quiet" size="icon" aria-label="Next" data-hint="Next  j" onClick={() => state.move(1)}>
          <ChevronDown size={16} aria-hidden="true" />
        </Button>
        <Button
          variant="quiet"
          size="icon"
          aria-label="Previous"
          data-hint="Previous  k"
          onClick={() => state.move(-1)}
        >
          <ChevronUp size={16} aria-hidden="true" />
        </Button>
        <span className="min-w-0 flex-1 truncate px-1 font-mono text-xs text-faint">{id}</span>
      </div>
      <div className="min-h-0 flex-1 overflow-y-auto">
        {found.isError && (
          <ErrorPanel error={found.error} what="This record could not be read." retry={() => void found.refetch()} />
        )}
        {isMissing && <p className="p-4 text-muted">There is no such record in this project.</p>}
        {!record && !isMissing && !found.isError && <SkeletonRows count={8} />}
        {record && <LogView record={record} />}
      </div>
    </Drawer>
  );
}

function LogView({ record }: { record: LogRecord }) {
  const json = record.body_format === "json" ? prettyJson(record.body) : undefined;
  return (
    <div className="flex flex-col gap-6 p-4">
      <div className="flex flex-col gap-2">
        <div className="flex flex-wrap items-center gap-x-3">
          <SeverityMark number={record.severity_number} text={record.severity_text} />
          <time dateTime={record.time} className="num text-xs text-muted">
            {formatAbsolute(record.time)}
          </time>
        </div>
        {record.event_name !== "" && <h2 className="text-base font-semibold">{record.event_name}</h2>}
        {record.body === "" ? (
          <p className="text-faint">The record has no body.</p>
        ) : (
          <CodeBlock code={json ?? record.body} wrap {...(json === undefined ? {} : { language: "json" })} />
        )}
        {record.is_truncated && (
          <p className="rounded bg-warn-soft px-3 py-1.5">What is longer than 16,384 characters is cut here.</p>
        )}
      </div>
      <Group title="Where it was logged">
        <TraceFact record={record} />
        <SpanFact record={record} />
        <ServiceFact service={record.service_name} />
        <Fact name="Environment" value={record.environment} why="The sender names no environment." />
        <Fact
          name="Logger"
          value={[record.scope_name, record.scope_version].filter(Boolean).join(" ")}
          why="The sender names no logger."
        />
        <Fact name="Collected" value={formatAbsolute(record.observed_time)} />
        <Id name="Record" value={record.id} />
      </Group>
      <Entries title="Attributes" entries={Object.entries(record.attributes)} empty="The record has none." />
      <Entries title="Sender" entries={Object.entries(record.resource)} empty="The sender says nothing of itself." />
    </div>
  );
}

const linkClass = "text-accent hover:underline";

function TraceFact({ record: { trace_id } }: { record: LogRecord }) {
  return (
    <FactRow name="Trace">
      {trace_id === null ? (
        <Unknown why="It was logged outside a trace." />
      ) : (
        <Copied text={trace_id}>
          <Link to="/traces/$id" params={{ id: trace_id }} className={`font-mono text-xs ${linkClass}`}>
            {trace_id}
          </Link>
        </Copied>
      )}
    </FactRow>
  );
}

function SpanFact({ record: { trace_id, span_id } }: { record: LogRecord }) {
  return (
    <FactRow name="Span">
      {trace_id === null || span_id === null ? (
        <Unknown why="It was logged outside a span." />
      ) : (
        <Copied text={span_id}>
          <Link
            to="/traces/$id"
            params={{ id: trace_id }}
            search={{ span: span_id }}
            className={`font-mono text-xs ${linkClass}`}
          >
            {span_id}
          </Link>
        </Copied>
      )}
    </FactRow>
  );
}

function ServiceFact({ service }: { service: string }) {
  const filter = printFilter({ field: "service_name", op: "eq", value: service });
  return (
    <FactRow name="Service">
      {service === "" ? (
        <Unknown why="The sender names no service." />
      ) : (
        <Copied text={service}>
          <Link to="/logs" search={{ filter }} className={linkClass}>
            {service}
          </Link>
        </Copied>
      )}
    </FactRow>
  );
}
