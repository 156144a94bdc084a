import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { LogPage, LogRecord } from "@weir/api/contract";
import { ask } from "./client.ts";
import type { RowOrder } from "./new-rows.ts";
import type { LogsSearch } from "./page-search.ts";
import { pageSize, type Scope } from "./queries.ts";
import { rangeQuery } from "./range.ts";

/** What narrows log records. Those of a trace are looked for at any time. */
export interface LogFilters extends Pick<LogsSearch, "filter" | "severity"> {
  trace_id?: string;
}

export const logOrder: RowOrder<LogRecord> = { idOf: ({ id }) => id, timeOf: ({ time }) => time };

function logPage(scope: Scope, filters: LogFilters, cursor: string | null, signal: AbortSignal) {
  const time = filters.trace_id === undefined ? rangeQuery(scope.range, Date.now()) : {};
  const query = { project_id: scope.project, ...time, ...filters, limit: pageSize };
  return ask<LogPage>("/api/v1/logs", { query: cursor === null ? query : { ...query, cursor }, signal });
}

export function logsQuery(scope: Scope, filters: LogFilters) {
  return infiniteQueryOptions({
    queryKey: ["logs", scope, filters],
    queryFn: ({ pageParam, signal }) => logPage(scope, filters, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
    // A list that is being read changes only when its reader asks; a trace that is opened again may have grown.
    staleTime: filters.trace_id === undefined ? Number.POSITIVE_INFINITY : 5_000,
    gcTime: 120_000,
  });
}

/** The newest records, to be compared with the list that is shown. */
export function newestLogsQuery(scope: Scope, filters: LogFilters) {
  return queryOptions({
    queryKey: ["logs-newest", scope, filters],
    queryFn: ({ signal }) => logPage(scope, filters, null, signal),
    staleTime: 0,
  });
}

/** One record, of which the time is known: null where there is none. */
export function logQuery(project: string, id: string, time: string) {
  return queryOptions({
    queryKey: ["log", project, id],
    queryFn: async ({ signal }) => {
      const millisecond = Date.parse(time);
      const [from, to] = [millisecond, millisecond + 1].map((ms) => new Date(ms).toISOString());
      const query = { project_id: project, from, to, limit: 200 };
      const page = await ask<LogPage>("/api/v1/logs", { query, signal });
      return page.data.find((record) => record.id === id) ?? null;
    },
    staleTime: Number.POSITIVE_INFINITY,
  });
}
