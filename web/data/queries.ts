import { infiniteQueryOptions, keepPreviousData, QueryCache, QueryClient, queryOptions } from "@tanstack/react-query";
import type {
  Breakdown,
  BreakdownField,
  CallDetail,
  CallPage,
  ConnectionList,
  Heatmap,
  Install,
  KeyList,
  Me,
  MetricsSummary,
  Timeseries,
  TraceDetail,
  TracePage,
} from "@weir/api/contract";
import { ApiError, ask } from "./client.ts";
import type { CallFilters, TracesSearch } from "./page-search.ts";
import { type RangeSpec, rangeEnds, rangeQuery } from "./range.ts";

/** Which project and which time a page shows. The range is resolved when a query runs, so that presets move on. */
export interface Scope {
  readonly project: string;
  readonly range: RangeSpec;
}

export const pageSize = 100;

export function createQueryClient(): QueryClient {
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({
      onError(error, query) {
        if (error instanceof ApiError && error.status === 401 && query.queryKey[0] !== "me") {
          void client.invalidateQueries({ queryKey: ["me"] });
        }
      },
    }),
    defaultOptions: {
      queries: {
        staleTime: 10_000,
        refetchOnWindowFocus: false,
        retry: (count, error) => count < 2 && error instanceof ApiError && error.retryable,
        retryDelay: (count) => 400 * 2 ** count,
      },
    },
  });
  return client;
}

export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: ({ signal }) => ask<Me>("/api/v1/auth/me", { signal }),
  staleTime: 60_000,
});

export const installQuery = queryOptions({
  queryKey: ["install"],
  queryFn: ({ signal }) => ask<Install>("/api/v1/install", { signal }),
  staleTime: Number.POSITIVE_INFINITY,
});

function ends({ project, range }: Scope) {
  return { project_id: project, ...rangeEnds(range, Date.now()) };
}

export function summaryQuery(scope: Scope, filters: CallFilters = {}) {
  return queryOptions({
    queryKey: ["metrics", "summary", scope, filters],
    queryFn: ({ signal }) =>
      ask<MetricsSummary>("/api/v1/metrics/summary", { query: { ...ends(scope), ...filters }, signal }),
    placeholderData: keepPreviousData,
  });
}

export function timeseriesQuery(scope: Scope, filters: CallFilters = {}) {
  return queryOptions({
    queryKey: ["metrics", "timeseries", scope, filters],
    queryFn: ({ signal }) =>
      ask<Timeseries>("/api/v1/metrics/timeseries", { query: { ...ends(scope), ...filters }, signal }),
    placeholderData: keepPreviousData,
  });
}

export function heatmapQuery(scope: Scope, of: "duration_ns" | "ttft_ns") {
  return queryOptions({
    queryKey: ["metrics", "heatmap", scope, of],
    queryFn: ({ signal }) => ask<Heatmap>("/api/v1/metrics/heatmap", { query: { ...ends(scope), of }, signal }),
    placeholderData: keepPreviousData,
  });
}

export function breakdownQuery(scope: Scope, by: BreakdownField, filters: CallFilters = {}, limit = 12) {
  return queryOptions({
    queryKey: ["metrics", "breakdown", scope, by, filters, limit],
    queryFn: ({ signal }) =>
      ask<Breakdown>("/api/v1/metrics/breakdown", { query: { ...ends(scope), ...filters, by, limit }, signal }),
    placeholderData: keepPreviousData,
  });
}

function callPage(scope: Scope, filters: CallFilters, cursor: string | null, signal: AbortSignal, limit = pageSize) {
  const query = { project_id: scope.project, ...rangeQuery(scope.range, Date.now()), ...filters, limit };
  return ask<CallPage>("/api/v1/calls", { query: cursor === null ? query : { ...query, cursor }, signal });
}

export function callsQuery(scope: Scope, filters: CallFilters) {
  return infiniteQueryOptions({
    queryKey: ["calls", scope, filters],
    queryFn: ({ pageParam, signal }) => callPage(scope, filters, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
    // A list that is being read changes only when its reader asks.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 120_000,
  });
}

/** The newest calls, to be compared with the list that is shown. */
export function newestCallsQuery(scope: Scope, filters: CallFilters) {
  return queryOptions({
    queryKey: ["calls-newest", scope, filters],
    queryFn: ({ signal }) => callPage(scope, filters, null, signal),
    staleTime: 0,
  });
}

export function latestErrorsQuery(scope: Scope) {
  return queryOptions({
    queryKey: ["calls-errors", scope],
    queryFn: ({ signal }) => callPage(scope, { status: ["error", "cut", "interrupted"] }, null, signal, 8),
    placeholderData: keepPreviousData,
  });
}

export function callQuery(project: string, spanId: string, hint: { trace_id?: string; start_time?: string } = {}) {
  return queryOptions({
    queryKey: ["call", project, spanId],
    queryFn: ({ signal }) =>
      ask<CallDetail>("/api/v1/calls/:span_id", {
        params: { span_id: spanId },
        query: { project_id: project, ...hint },
        signal,
      }),
    staleTime: 60_000,
  });
}

export type TraceFilters = Pick<TracesSearch, "filter" | "status" | "user_id" | "session_id">;

function tracePage(scope: Scope, filters: TraceFilters, cursor: string | null, signal: AbortSignal) {
  const query = { project_id: scope.project, ...rangeQuery(scope.range, Date.now()), ...filters, limit: pageSize };
  return ask<TracePage>("/api/v1/traces", { query: cursor === null ? query : { ...query, cursor }, signal });
}

export function tracesQuery(scope: Scope, filters: TraceFilters) {
  return infiniteQueryOptions({
    queryKey: ["traces", scope, filters],
    queryFn: ({ pageParam, signal }) => tracePage(scope, filters, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 120_000,
  });
}

export function newestTracesQuery(scope: Scope, filters: TraceFilters) {
  return queryOptions({
    queryKey: ["traces-newest", scope, filters],
    queryFn: ({ signal }) => tracePage(scope, filters, null, signal),
    staleTime: 0,
  });
}

export function traceQuery(project: string, traceId: string) {
  return queryOptions({
    queryKey: ["trace", project, traceId],
    queryFn: ({ signal }) =>
      ask<TraceDetail>("/api/v1/traces/:trace_id", {
        params: { trace_id: traceId },
        query: { project_id: project },
        signal,
      }),
    staleTime: 5_000,
  });
}

export function keysQuery(project: string) {
  return queryOptions({
    queryKey: ["keys", project],
    queryFn: ({ signal }) => ask<KeyList>("/api/v1/keys", { query: { project_id: project }, signal }),
  });
}

export function connectionsQuery(project: string) {
  return queryOptions({
    queryKey: ["connections", project],
    queryFn: ({ signal }) => ask<ConnectionList>("/api/v1/connections", { query: { project_id: project }, signal }),
  });
}
