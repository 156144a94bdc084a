import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import type { LogPage, LogRecord } from "@weir/api/contract";
import { useCallback, useMemo, useRef, useState } from "react";
import { type LogFilters, logOrder, logsQuery, newestLogsQuery } from "../../data/log-queries.ts";
import { useNewRows } from "../../data/new-rows.ts";
import type { OpenLog } from "../../data/page-search.ts";
import { useScope, useSetSearch } from "../../data/scope.ts";
import type { ListKeys } from "../../design/use-list-keys.ts";

export interface LogListInput {
  readonly filters: LogFilters;
  /** Which record is open, as the address has it. */
  readonly opened: OpenLog;
  /** New records are looked for as they arrive. */
  readonly isWatching: boolean;
  readonly isFollowing: boolean;
}

export type LogListState = ReturnType<typeof useLogList>;

/** The log records that the filters leave, newest first, with one of them open beside the list. */
export function useLogList({ filters, opened, isWatching, isFollowing }: LogListInput) {
  const { project, range } = useScope();
  const setSearch = useSetSearch();
  const client = useQueryClient();
  const scope = useMemo(() => ({ project, range }), [project, range]);
  const list = useInfiniteQuery(logsQuery(scope, filters));
  const records = useMemo(() => list.data?.pages.flatMap(({ data }) => data) ?? [], [list.data]);
  const [cursor, setCursor] = useState(opened.log);
  const scroller = useRef<HTMLDivElement>(null);
  const isOpen = opened.log !== undefined;

  const open = useCallback(
    (record: LogRecord | undefined) => {
      if (record !== undefined) setCursor(record.id);
      setSearch({ log: record?.id, log_time: record?.time }, { replace: isOpen });
    },
    [isOpen, setSearch],
  );
  const move = (step: 1 | -1) => {
    const index = records.findIndex(({ id }) => id === cursor);
    const next = records[Math.min(Math.max(index + step, 0), records.length - 1)];
    if (next === undefined) return;
    setCursor(next.id);
    if (isOpen) open(next);
  };
  const newRows = useNewRows<LogRecord>({
    order: logOrder,
    listKey: logsQuery(scope, filters).queryKey,
    rows: records,
    isReady: isWatching && list.isSuccess && !list.isPlaceholderData,
    isFollowing,
    atMostEveryMs: 1000,
    fetchNewest: () => client.fetchQuery(newestLogsQuery(scope, filters)) as Promise<LogPage>,
  });
  const showNew = () => {
    newRows.show();
    scroller.current?.scrollTo({ top: 0 });
  };
  const keys: ListKeys = {
    onMove: move,
    onOpen: () => {
      const record = records.find(({ id }) => id === cursor);
      if (record !== undefined) open(record);
    },
    onClose: () => isOpen && open(undefined),
    others: { n: showNew },
  };
  return { list, records, cursor, scroller, open, move, newRows, showNew, keys };
}
