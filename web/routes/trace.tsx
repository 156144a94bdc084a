import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { TraceDetail } from "@weir/api/contract";
import { ChevronLeft } from "lucide-react";
import { useMemo, useState } from "react";
import { ApiError } from "../data/client.ts";
import { useOnRows } from "../data/live.ts";
import { traceQuery } from "../data/queries.ts";
import { useScope, useSetSearch } from "../data/scope.ts";
import { Button, buttonClass } from "../design/button.tsx";
import { CopyButton } from "../design/copy-button.tsx";
import {
  exactDuration,
  exactUsd,
  formatCount,
  formatDuration,
  formatInteger,
  formatUsd,
  plural,
  shortId,
} from "../design/format.ts";
import { EmptyState, ErrorPanel, SkeletonRows } from "../design/states.tsx";
import { StatusBadge } from "../design/status.tsx";
import { Tabs } from "../design/tabs.tsx";
import { TimeText } from "../design/time-text.tsx";
import { Known } from "../design/unknown.tsx";
import { type ListKeys, useListKeys } from "../design/use-list-keys.ts";
import { CallDrawer } from "../views/call/call-drawer.tsx";
import { LogDrawer } from "../views/logs/log-drawer.tsx";
import { LogList } from "../views/logs/log-list.tsx";
import { logColumnsOfTrace } from "../views/logs/log-row.tsx";
import { useLogList } from "../views/logs/use-log-list.ts";
import { ancestorsOf, flattenTree, spanTree } from "../views/trace/span-tree.ts";
import { Waterfall } from "../views/trace/waterfall.tsx";

const route = getRouteApi("/frame/traces/$id");

/** A trace: its spans as tree and waterfall with one selection, and its logs; what is selected stands beside them. */
export function TracePage() {
  const { id } = route.useParams();
  const { project } = useScope();
  const client = useQueryClient();
  const trace = useQuery(traceQuery(project, id));
  const isMissing = trace.error instanceof ApiError && trace.error.code === "NOT_FOUND";
  // A trace may still be growing: spans arrive as they end.
  const isFresh = trace.data !== undefined && Date.now() - Date.parse(trace.data.end_time) < 120_000;
  useOnRows(() => {
    if (isFresh || isMissing) void client.invalidateQueries({ queryKey: ["trace", project, id] });
  }, 2000);
  return (
    <div className="flex h-full flex-col bg-panel">
      <title>{`Trace ${trace.data === undefined ? id : nameOf(trace.data)} · Weir`}</title>
      {trace.isError && trace.data === undefined && (
        <ErrorPanel
          error={trace.error}
          what={isMissing ? "There is no such trace in this project." : "This trace could not be read."}
          {...(isMissing ? {} : { retry: () => void trace.refetch() })}
        >
          {isMissing && (
            <Link to="/traces" className={buttonClass("plain")}>
              To the traces
            </Link>
          )}
        </ErrorPanel>
      )}
      {trace.data === undefined && !trace.isError && <SkeletonRows count={16} className="pt-24" />}
      {trace.data && <TraceView trace={trace.data} isFresh={isFresh} />}
    </div>
  );
}

function rootOf(trace: TraceDetail) {
  return trace.spans.find(({ parent_span_id }) => parent_span_id === null) ?? trace.spans[0];
}

function nameOf(trace: TraceDetail): string {
  const root = rootOf(trace);
  return root?.name || root?.response_model || trace.trace_id;
}

/** The trace's spans and its logs, one of them shown, with the drawer of what is selected in it. */
function TraceView({ trace, isFresh }: { trace: TraceDetail; isFresh: boolean }) {
  const search = route.useSearch();
  const setSearch = useSetSearch();
  const view = search.view === "logs" ? "logs" : "spans";
  const spans = useSpanSelection(trace);
  const filters = useMemo(() => ({ trace_id: trace.trace_id }), [trace.trace_id]);
  const logs = useLogList({ filters, opened: search, isWatching: isFresh && view === "logs", isFollowing: false });
  const show = (next: string) => setSearch({ view: next === "logs" ? "logs" : undefined }, { replace: true });
  const keys = view === "logs" ? logs.keys : spans.keys;
  const others = { ...keys.others, "[": () => show("spans"), "]": () => show("logs") };
  useListKeys({ ...keys, others });
  const count = logs.records.length;
  return (
    <div className="flex min-h-0 flex-1">
      <div className="flex min-w-0 flex-1 flex-col">
        <TraceHead trace={trace} />
        <Tabs
          label="Views of the trace"
          selected={view}
          onSelect={show}
          className="min-h-0 flex-1"
          panelClassName="flex min-h-0 flex-1 flex-col"
          tabs={[
            {
              id: "spans",
              name: "Spans",
              note: formatInteger(trace.span_count),
              content: () => <SpansView trace={trace} selection={spans} />,
            },
            {
              id: "logs",
              name: "Logs",
              ...(logs.list.isSuccess ? { note: `${formatInteger(count)}${logs.list.hasNextPage ? "+" : ""}` } : {}),
              content: () => <LogList state={logs} columns={logColumnsOfTrace} empty={<NoLogs />} />,
            },
          ]}
        />
      </div>
      {view === "spans" && spans.shown !== undefined && (
        <CallDrawer
          spanId={spans.shown}
          summary={trace.spans.find(({ span_id }) => span_id === spans.shown)}
          tab={search.tab}
          onTab={(next) => setSearch({ tab: next }, { replace: true })}
          onClose={() => spans.select(undefined)}
          onStep={spans.move}
          isInTrace
        />
      )}
      {view === "logs" && search.log !== undefined && <LogDrawer opened={search} state={logs} />}
    </div>
  );
}

function NoLogs() {
  return (
    <EmptyState title="No logs in this trace">
      <p className="text-muted">
        A log record belongs to a trace when it carries the trace's id. OpenTelemetry SDKs add it to what is logged
        while a span is open.
      </p>
      <Link to="/logs" className={`self-start ${buttonClass("plain")}`}>
        All logs
      </Link>
    </EmptyState>
  );
}

/** Which span is selected and which are folded, and the keys that change it. */
function useSpanSelection(trace: TraceDetail) {
  const { span: selected } = route.useSearch();
  const setSearch = useSetSearch();
  const [collapsed, setCollapsed] = useState<ReadonlySet<string>>(new Set());
  const tree = useMemo(() => spanTree(trace.spans), [trace.spans]);
  const nodes = useMemo(() => flattenTree(tree, collapsed), [tree, collapsed]);
  const root = rootOf(trace);
  const [isClosed, setClosed] = useState(innerWidth < 1024);
  const shown = selected ?? (isClosed ? undefined : root?.span_id);

  const select = (spanId: string | undefined) => {
    if (spanId === undefined) setClosed(true);
    else if (collapsed.size > 0) {
      const above = ancestorsOf(trace.spans, spanId);
      if (above.some((id) => collapsed.has(id)))
        setCollapsed(new Set([...collapsed].filter((id) => !above.includes(id))));
    }
    setSearch({ span: spanId }, { replace: true });
  };
  const toggle = (spanId: string, wanted?: "open" | "closed") => {
    const next = new Set(collapsed);
    const isOpen = !next.has(spanId);
    if (wanted === (isOpen ? "open" : "closed")) return;
    if (isOpen) next.add(spanId);
    else next.delete(spanId);
    setCollapsed(next);
  };
  const move = (step: 1 | -1) => {
    const index = nodes.findIndex(({ span }) => span.span_id === shown);
    const next = nodes[Math.min(Math.max(index + step, 0), nodes.length - 1)];
    if (next !== undefined) select(next.span.span_id);
  };
  const keys: ListKeys = {
    onMove: move,
    onFold: (wanted) => shown && toggle(shown, wanted),
    onOpen: () => shown === undefined && root && select(root.span_id),
    onClose: () => select(undefined),
  };
  return { root, tree, nodes, shown, collapsed, setCollapsed, select, toggle, move, keys };
}

/** Tree and waterfall, and what acts on all of it. */
function SpansView({ trace, selection }: { trace: TraceDetail; selection: ReturnType<typeof useSpanSelection> }) {
  const { root, tree, nodes, shown, collapsed, setCollapsed, select, toggle } = selection;
  const failed = trace.spans.find(({ status }) => status === "error" || status === "cut");
  return (
    <>
      <div className="flex min-h-10 shrink-0 items-center gap-2 px-3 text-xs text-muted">
        {failed !== undefined && (
          <Button size="small" onClick={() => select(failed.span_id)}>
            First failure
          </Button>
        )}
        {collapsed.size > 0 ? (
          <Button size="small" variant="quiet" onClick={() => setCollapsed(new Set())}>
            Expand all
          </Button>
        ) : (
          tree.children.size > 1 && (
            <Button
              size="small"
              variant="quiet"
              onClick={() => setCollapsed(new Set([...tree.children.keys()].filter((id) => id !== root?.span_id)))}
            >
              Collapse all
            </Button>
          )
        )}
        <span className="flex-1" />
        <Legend />
      </div>
      {trace.is_truncated && (
        <p className="mx-3 mb-2 rounded bg-warn-soft px-3 py-1.5">This trace has more spans than are shown here.</p>
      )}
      <Waterfall
        trace={trace}
        nodes={nodes}
        selected={shown}
        collapsed={collapsed}
        onSelect={select}
        onToggle={toggle}
      />
    </>
  );
}

const legend = [
  ["Weir", "var(--queue)"],
  ["First token", "var(--first)"],
  ["Generation", "var(--generation)"],
  ["Tool", "var(--series-1)"],
] as const;

function Legend() {
  return (
    <ul className="flex gap-3 max-md:hidden" aria-label="Colours">
      {legend.map(([name, colour]) => (
        <li key={name} className="inline-flex items-center gap-1.5">
          <span aria-hidden="true" className="size-2 rounded-[2px]" style={{ background: colour }} />
          {name}
        </li>
      ))}
    </ul>
  );
}

function TraceHead({ trace }: { trace: TraceDetail }) {
  const root = rootOf(trace);
  return (
    <header className="flex flex-col gap-2 px-3 pt-2 pb-3">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <Link to="/traces" className={buttonClass("quiet", "tiny")} aria-label="To the traces">
          <ChevronLeft size={16} aria-hidden="true" />
        </Link>
        <h1 className="min-w-0 truncate text-lg font-semibold tracking-tight">{nameOf(trace)}</h1>
        {root && <StatusBadge status={root.status} />}
        <TimeText time={trace.start_time} className="text-xs text-muted" />
        <span className="inline-flex items-center font-mono text-xs text-faint" data-hint={trace.trace_id}>
          {shortId(trace.trace_id)}
          <CopyButton text={trace.trace_id} label="Copy the trace id" />
        </span>
      </div>
      <dl className="num flex flex-wrap gap-x-7 gap-y-1 pl-9 max-sm:pl-1">
        <Fact name="Duration" text={formatDuration(trace.duration_ns)} hint={exactDuration(trace.duration_ns)} />
        <Fact name="Spans" text={formatInteger(trace.span_count)} />
        <Fact
          name="Errors"
          text={formatInteger(trace.error_count)}
          {...(trace.error_count > 0 ? { tone: "text-bad" } : {})}
        />
        <div>
          <dt className="text-2xs text-faint">Tokens</dt>
          <dd className="text-base font-medium">
            <Known value={trace.input_tokens} format={formatCount} exact={formatInteger} why="No span reports usage." />{" "}
            <span className="text-faint">→</span>{" "}
            <Known
              value={trace.output_tokens}
              format={formatCount}
              exact={formatInteger}
              why="No span reports usage."
            />
          </dd>
        </div>
        <div>
          <dt className="text-2xs text-faint">Cost</dt>
          <dd className="text-base font-medium">
            <Known
              value={trace.cost_nano_usd}
              format={formatUsd}
              exact={exactUsd}
              why="No call of this trace has a known price."
            />
            {trace.calls_without_cost > 0 && trace.cost_nano_usd !== null && (
              <span className="ml-1 text-xs font-normal text-warn" data-hint="The cost leaves them out.">
                + {plural(trace.calls_without_cost, "call")} unpriced
              </span>
            )}
          </dd>
        </div>
        {root && root.user_id !== "" && <Fact name="User" text={root.user_id} />}
        {root && root.session_id !== "" && <Fact name="Session" text={root.session_id} />}
      </dl>
    </header>
  );
}

function Fact({ name, text, hint, tone }: { name: string; text: string; hint?: string; tone?: string }) {
  return (
    <div className="min-w-0">
      <dt className="text-2xs text-faint">{name}</dt>
      <dd className={`max-w-52 truncate text-base font-medium ${tone ?? ""}`} data-hint={hint}>
        {text}
      </dd>
    </div>
  );
}
