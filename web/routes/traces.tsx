import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { TracePage as TracePageData, TraceSummary } from "@weir/api/contract";
import { useCallback, useMemo, useRef, useState } from "react";
import { spanOrder, useNewRows } from "../data/new-rows.ts";
import type { CallFilters } from "../data/page-search.ts";
import { newestTracesQuery, type TraceFilters, tracesQuery } from "../data/queries.ts";
import { useScope, useSetSearch } from "../data/scope.ts";
import { ErrorPanel, SkeletonRows } from "../design/states.tsx";
import { useListKeys } from "../design/use-list-keys.ts";
import { VirtualGrid } from "../design/virtual-grid.tsx";
import { NewRowsMarker } from "../views/calls/new-rows-marker.tsx";
import { FilterChips, SearchBox } from "../views/calls/search-box.tsx";
import { FirstCall, NothingInRange } from "../views/connect/first-call.tsx";
import { TraceTwoLines, traceCell, traceColumns } from "../views/traces/trace-row.tsx";

const route = getRouteApi("/frame/traces");
const traceFields = ["status", "user_id", "session_id"] as const;

/** Traces, newest first: single calls and the steps of agents. */
export function TracesPage() {
  const { project, range } = useScope();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const setSearch = useSetSearch();
  const client = useQueryClient();
  const scope = useMemo(() => ({ project, range }), [project, range]);
  const filters = useMemo(() => {
    const found: TraceFilters = {};
    if (search.filter !== undefined) found.filter = search.filter;
    for (const field of traceFields) if (search[field] !== undefined) found[field] = search[field];
    return found;
  }, [search]);
  const list = useInfiniteQuery(tracesQuery(scope, filters));
  const traces = useMemo(() => list.data?.pages.flatMap(({ data }) => data) ?? [], [list.data]);
  const [cursor, setCursor] = useState<string>();
  const scroller = useRef<HTMLDivElement>(null);
  const newRows = useNewRows<TraceSummary>({
    order: spanOrder,
    listKey: tracesQuery(scope, filters).queryKey,
    rows: traces,
    isReady: list.isSuccess && !list.isPlaceholderData,
    isFollowing: false,
    fetchNewest: () => client.fetchQuery(newestTracesQuery(scope, filters)) as Promise<TracePageData>,
  });
  const showNew = () => {
    newRows.show();
    scroller.current?.scrollTo({ top: 0 });
  };
  const setFilters = (next: CallFilters) =>
    setSearch({
      filter: next.filter,
      q: undefined,
      ...Object.fromEntries(traceFields.map((field) => [field, next[field]])),
    });
  useListKeys({
    onMove: (step) => {
      const index = traces.findIndex(({ span_id }) => span_id === cursor);
      setCursor(traces[Math.min(Math.max(index + step, 0), traces.length - 1)]?.span_id);
    },
    onOpen: () => {
      const trace = traces.find(({ span_id }) => span_id === cursor);
      if (trace !== undefined) void navigate({ to: "/traces/$id", params: { id: trace.trace_id } });
    },
    onClose: () => setCursor(undefined),
    others: { n: showNew },
  });
  const onMore = useCallback(() => {
    if (!list.isFetchingNextPage) void list.fetchNextPage();
  }, [list.isFetchingNextPage, list.fetchNextPage]);
  const hasFilters = Object.keys(filters).length > 0;
  return (
    <div className="flex h-full flex-col bg-panel">
      <title>Traces · Weir</title>
      <h1 className="sr-only">Traces</h1>
      <div className="flex items-center gap-2 border-b border-line px-3 py-2">
        <SearchBox
          filters={filters}
          onChange={setFilters}
          placeholder='What a step is: status:error  kind:tool  cost>0.01  "words in it"'
        />
      </div>
      <FilterChips filters={filters} onChange={setFilters} />
      <div className="relative flex min-h-0 flex-1 flex-col overflow-y-auto">
        <NewRowsMarker newRows={newRows} onShow={showNew} noun="trace" />
        {list.isError && (
          <ErrorPanel error={list.error} what="The traces could not be read." retry={() => void list.refetch()} />
        )}
        {list.isPending && <SkeletonRows count={20} />}
        {list.isSuccess && traces.length === 0 && !hasFilters && <FirstCall />}
        {list.isSuccess && traces.length === 0 && hasFilters && (
          <div className="p-3">
            <NothingInRange what="traces" clear={() => setFilters({})} />
          </div>
        )}
        {traces.length > 0 && (
          <VirtualGrid
            label="Traces"
            rows={traces}
            columns={traceColumns}
            cell={traceCell}
            twoLines={(trace) => <TraceTwoLines trace={trace} />}
            idOf={spanOrder.idOf}
            cursor={cursor}
            onOpen={(trace) => void navigate({ to: "/traces/$id", params: { id: trace.trace_id } })}
            hasMore={list.hasNextPage}
            onMore={onMore}
            scroller={scroller}
          />
        )}
      </div>
    </div>
  );
}
