import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { CallPage as CallPageData, CallSummary } from "@weir/api/contract";
import { ListFilter } from "lucide-react";
import { useCallback, useMemo, useRef, useState } from "react";
import { spanOrder, useNewRows } from "../data/new-rows.ts";
import { type CallFilters, filterFields } from "../data/page-search.ts";
import { callsQuery, newestCallsQuery } from "../data/queries.ts";
import { useScope, useSetSearch } from "../data/scope.ts";
import { Button } from "../design/button.tsx";
import { Dialog } from "../design/dialog.tsx";
import { ErrorPanel, SkeletonRows } from "../design/states.tsx";
import { readPreference, writePreference } from "../design/theme.ts";
import { useListKeys } from "../design/use-list-keys.ts";
import { useWidth } from "../design/use-size.ts";
import { VirtualGrid } from "../design/virtual-grid.tsx";
import { CallDrawer } from "../views/call/call-drawer.tsx";
import { CallTwoLines, callCell } from "../views/calls/call-row.tsx";
import { callColumns } from "../views/calls/columns.ts";
import { Facets } from "../views/calls/facets.tsx";
import { FollowButton } from "../views/calls/follow-button.tsx";
import { NewRowsMarker } from "../views/calls/new-rows-marker.tsx";
import { FilterChips, SearchBox } from "../views/calls/search-box.tsx";
import { FirstCall, NothingInRange } from "../views/connect/first-call.tsx";

const route = getRouteApi("/frame/calls");
/** Where the page is wide enough for the facets to stand beside the list. */
const facetsFrom = 860;

function useFilters(): CallFilters {
  const search = route.useSearch();
  return useMemo(() => {
    const filters: CallFilters = {};
    if (search.filter !== undefined) filters.filter = search.filter;
    for (const field of filterFields) if (search[field] !== undefined) filters[field] = search[field];
    return filters;
  }, [search]);
}

/** The live list of calls, with the open one beside it. */
export function CallsPage() {
  const { project, range } = useScope();
  const { call: openId, tab } = route.useSearch();
  const filters = useFilters();
  const setSearch = useSetSearch();
  const client = useQueryClient();
  const scope = useMemo(() => ({ project, range }), [project, range]);
  const list = useInfiniteQuery(callsQuery(scope, filters));
  const calls = useMemo(() => list.data?.pages.flatMap(({ data }) => data) ?? [], [list.data]);
  const [cursor, setCursor] = useState(openId);
  const [isFollowing, setFollowing] = useState(false);
  const scroller = useRef<HTMLDivElement>(null);

  const open = useCallback(
    (call: CallSummary | undefined, replace = openId !== undefined) => {
      setCursor(call?.span_id ?? openId);
      setSearch({ call: call?.span_id, ...(call === undefined ? { tab: undefined } : {}) }, { replace });
    },
    [openId, setSearch],
  );
  const move = (step: 1 | -1) => {
    const index = calls.findIndex(({ span_id }) => span_id === cursor);
    const next = calls[Math.min(Math.max(index + step, 0), calls.length - 1)];
    if (next === undefined) return;
    setCursor(next.span_id);
    if (openId !== undefined) open(next, true);
  };
  const newRows = useNewRows<CallSummary>({
    order: spanOrder,
    listKey: callsQuery(scope, filters).queryKey,
    rows: calls,
    isReady: list.isSuccess && !list.isPlaceholderData,
    isFollowing,
    fetchNewest: () => client.fetchQuery(newestCallsQuery(scope, filters)) as Promise<CallPageData>,
  });
  const showNew = () => {
    newRows.show();
    scroller.current?.scrollTo({ top: 0 });
  };
  useListKeys({
    onMove: move,
    onOpen: () => {
      const call = calls.find(({ span_id }) => span_id === cursor);
      if (call !== undefined) open(call);
    },
    onClose: () => openId !== undefined && open(undefined, true),
    others: { n: showNew },
  });
  const onMore = useCallback(() => {
    if (!list.isFetchingNextPage) void list.fetchNextPage();
  }, [list.isFetchingNextPage, list.fetchNextPage]);

  const hasFilters = Object.keys(filters).length > 0;
  const clear = () =>
    setSearch(Object.fromEntries([...filterFields, "filter", "q"].map((field) => [field, undefined])));
  const opened = calls.find(({ span_id }) => span_id === openId);
  return (
    <div className="flex h-full">
      <title>Calls · Weir</title>
      <h1 className="sr-only">Calls</h1>
      <ListFrame
        filters={filters}
        setFilters={(next) => setSearch({ filter: undefined, q: undefined, ...next })}
        isFollowing={isFollowing}
        setFollowing={setFollowing}
      >
        <NewRowsMarker newRows={newRows} onShow={showNew} noun="call" />
        {list.isError && (
          <ErrorPanel error={list.error} what="The calls could not be read." retry={() => void list.refetch()} />
        )}
        {list.isPending && <SkeletonRows count={20} />}
        {list.isSuccess && calls.length === 0 && !hasFilters && <FirstCall />}
        {list.isSuccess && calls.length === 0 && hasFilters && (
          <div className="p-3">
            <NothingInRange what="calls" clear={clear} />
          </div>
        )}
        {calls.length > 0 && (
          <VirtualGrid
            label="Calls"
            rows={calls}
            columns={callColumns}
            cell={(call, id) => callCell(call, id, () => open(call))}
            twoLines={(call) => <CallTwoLines call={call} onOpen={() => open(call)} />}
            idOf={spanOrder.idOf}
            cursor={cursor}
            onOpen={(call) => open(call)}
            hasMore={list.hasNextPage}
            onMore={onMore}
            scroller={scroller}
          />
        )}
      </ListFrame>
      {openId !== undefined && (
        <CallDrawer
          spanId={openId}
          summary={opened}
          tab={tab}
          onTab={(next) => setSearch({ tab: next }, { replace: true })}
          onClose={() => open(undefined, true)}
          onStep={move}
        />
      )}
    </div>
  );
}

interface ListFrameProps {
  filters: CallFilters;
  setFilters: (filters: CallFilters) => void;
  isFollowing: boolean;
  setFollowing: (isFollowing: boolean) => void;
  children: React.ReactNode;
}

/** Search line and chips above, facets at the left where there is room. */
function ListFrame({ filters, setFilters, isFollowing, setFollowing, children }: ListFrameProps) {
  const holder = useRef<HTMLDivElement>(null);
  const width = useWidth(holder);
  const [isWanted, setWanted] = useState(readPreference("weir.facets") !== "closed");
  const [isDialog, setDialog] = useState(false);
  const hasRoom = width >= facetsFrom;
  const toggle = () => {
    if (!hasRoom) return setDialog(!isDialog);
    writePreference("weir.facets", isWanted ? "closed" : "open");
    setWanted(!isWanted);
  };
  const count = filterFields.reduce((sum, field) => sum + (filters[field]?.length ?? 0), 0);
  return (
    <div ref={holder} className="flex min-w-0 flex-1 flex-col bg-panel">
      <div className="flex items-center gap-2 border-b border-line px-3 py-2">
        <Button
          onClick={toggle}
          aria-expanded={hasRoom ? isWanted : isDialog}
          aria-label="Filters"
          className="max-sm:w-8 max-sm:justify-center max-sm:px-0"
        >
          <ListFilter size={14} aria-hidden="true" />
          <span className="max-sm:hidden">Filters</span>
          {count > 0 && <span className="num text-xs text-accent">{count}</span>}
        </Button>
        <SearchBox
          filters={filters}
          onChange={setFilters}
          placeholder='status:error  model:gpt-4*  cost>0.01  "words in a call"'
        />
        <FollowButton isFollowing={isFollowing} setFollowing={setFollowing} noun="calls" />
      </div>
      <FilterChips filters={filters} onChange={setFilters} />
      <div className="flex min-h-0 flex-1">
        {hasRoom && isWanted && (
          <div className="w-52 shrink-0 overflow-y-auto border-r border-line">
            <Facets filters={filters} />
          </div>
        )}
        <div className="relative flex min-w-0 flex-1 flex-col overflow-y-auto">{children}</div>
      </div>
      <Dialog isOpen={isDialog && !hasRoom} onClose={() => setDialog(false)} title="Filters">
        <Facets filters={filters} />
      </Dialog>
    </div>
  );
}
