import { type ReactNode, useCallback } from "react";
import { logOrder } from "../../data/log-queries.ts";
import type { Column } from "../../design/grid-columns.ts";
import { ErrorPanel, SkeletonRows } from "../../design/states.tsx";
import { VirtualGrid } from "../../design/virtual-grid.tsx";
import { NewRowsMarker } from "../calls/new-rows-marker.tsx";
import { LogTwoLines, logCell } from "./log-row.tsx";
import type { LogListState } from "./use-log-list.ts";

/** The list itself; `empty` stands in its place where there are no records. */
export function LogList(props: { state: LogListState; columns: readonly Column[]; empty: ReactNode }) {
  const { state, columns, empty } = props;
  const { list, records } = state;
  const onMore = useCallback(() => {
    if (!list.isFetchingNextPage) void list.fetchNextPage();
  }, [list.isFetchingNextPage, list.fetchNextPage]);
  return (
    <div className="relative flex min-h-0 flex-1 flex-col overflow-y-auto">
      <NewRowsMarker newRows={state.newRows} onShow={state.showNew} noun="record" />
      {list.isError && (
        <ErrorPanel error={list.error} what="The logs could not be read." retry={() => void list.refetch()} />
      )}
      {list.isPending && <SkeletonRows count={20} />}
      {list.isSuccess && records.length === 0 && empty}
      {records.length > 0 && (
        <VirtualGrid
          label="Log records"
          rows={records}
          idOf={logOrder.idOf}
          columns={columns}
          cell={logCell}
          twoLines={(record) => <LogTwoLines record={record} />}
          cursor={state.cursor}
          onOpen={state.open}
          hasMore={list.hasNextPage}
          onMore={onMore}
          scroller={state.scroller}
        />
      )}
    </div>
  );
}
