import { containing, printFilter } from "@weir/query";
import { manyOf, oneOf } from "./url-search.ts";

/** What every page's URL may hold; kept while moving from page to page. */
export interface PageSearch {
  project?: string | undefined;
  range?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
  /** `off` stops new rows from arriving. */
  live?: "off" | undefined;
}
export const keptSearch = ["project", "range", "from", "to", "live"] as const;

/** Only the keys that have a value: the router takes a named key, even undefined, as one that is to be dropped. */
function present<Search extends object>(search: Search): Search {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined)) as Search;
}

export function readPageSearch(raw: Record<string, unknown>): PageSearch {
  return present({
    project: oneOf(raw["project"]),
    range: oneOf(raw["range"]),
    from: oneOf(raw["from"]),
    to: oneOf(raw["to"]),
    live: oneOf(raw["live"]) === "off" ? ("off" as const) : undefined,
  });
}

/** The fields by which calls can be filtered, as the API names them. */
export const filterFields = [
  "status",
  "model",
  "provider",
  "user_id",
  "session_id",
  "error_type",
  "service_name",
  "environment",
  "kind",
  "tag",
] as const;
export type FilterField = (typeof filterFields)[number];
export type CallFilters = { [Field in FilterField]?: string[] | undefined } & {
  /** The search line: a filter in text form. */
  filter?: string | undefined;
};

/** The filter of the URL; `q`, as older links have it, is text that is contained. */
function filterIn(raw: Record<string, unknown>): string | undefined {
  const q = oneOf(raw["q"]);
  return oneOf(raw["filter"]) ?? (q === undefined ? undefined : printFilter(containing("text", q)));
}

export function readFilters(raw: Record<string, unknown>): CallFilters {
  const filters: CallFilters = { filter: filterIn(raw) };
  for (const field of filterFields) filters[field] = manyOf(raw[field]);
  return present(filters);
}

export interface CallsSearch extends PageSearch, CallFilters {
  /** The call that is open in the drawer. */
  call?: string | undefined;
  tab?: string | undefined;
}

export function readCallsSearch(raw: Record<string, unknown>): CallsSearch {
  return present({ ...readFilters(raw), call: oneOf(raw["call"]), tab: oneOf(raw["tab"]) });
}

export interface TracesSearch extends PageSearch {
  filter?: string | undefined;
  status?: string[] | undefined;
  user_id?: string[] | undefined;
  session_id?: string[] | undefined;
}

export function readTracesSearch(raw: Record<string, unknown>): TracesSearch {
  return present({
    filter: filterIn(raw),
    status: manyOf(raw["status"]),
    user_id: manyOf(raw["user_id"]),
    session_id: manyOf(raw["session_id"]),
  });
}

/** Severities of log records, least first, as the API names them. */
export const severities = ["trace", "debug", "info", "warn", "error", "fatal"] as const;
export type Severity = (typeof severities)[number];

/** The log record that is open in the drawer: its id, and its time, by which one is found that no list has loaded. */
export interface OpenLog {
  log?: string | undefined;
  log_time?: string | undefined;
}

function readOpenLog(raw: Record<string, unknown>): OpenLog {
  return { log: oneOf(raw["log"]), log_time: oneOf(raw["log_time"]) };
}

export interface LogsSearch extends PageSearch, OpenLog {
  filter?: string | undefined;
  /** The least severity. */
  severity?: Severity | undefined;
}

export function readLogsSearch(raw: Record<string, unknown>): LogsSearch {
  const severity = severities.find((one) => one === oneOf(raw["severity"]));
  return present({ filter: filterIn(raw), severity, ...readOpenLog(raw) });
}

export interface TraceSearch extends OpenLog {
  /** The span that is open in the drawer. */
  span?: string | undefined;
  /** The drawer's tab. */
  tab?: string | undefined;
  /** `logs`, or else the spans. */
  view?: string | undefined;
}

export function readTraceSearch(raw: Record<string, unknown>): TraceSearch {
  const [span, tab, view] = [oneOf(raw["span"]), oneOf(raw["tab"]), oneOf(raw["view"])];
  return present({ span, tab, view, ...readOpenLog(raw) });
}

/** Adds the value to the field's filter, or takes it away when it is there. */
export function toggleFilter(values: readonly string[] | undefined, value: string): string[] | undefined {
  const rest = (values ?? []).filter((one) => one !== value);
  if (rest.length === (values ?? []).length) return [...rest, value];
  return rest.length === 0 ? undefined : rest;
}
