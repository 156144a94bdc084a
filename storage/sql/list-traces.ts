import type { ProjectId } from "@weir/model";
import { everything, type Filter } from "@weir/query";
import { Bindings } from "./bindings.ts";
import { numberOrUnknown, type RawRow, usd } from "./call-row.ts";
import { filterConditions } from "./compile-filter.ts";
import { decodeCursor } from "./cursor.ts";
import { spanModel, traceColumnsOfFilter } from "./filter-columns.ts";
import { rfc3339 } from "./instant.ts";
import { beyond, cursorAt, inOrderOf, type ListOrder, type Page } from "./list-calls.ts";
import type { ReadOptions, SqlReader } from "./reader.ts";
import { spansStartedWithin, startedWithin, type TimeRange } from "./time-range.ts";
import { daysFirst, timeWindows } from "./time-windows.ts";

export interface ListTracesQuestion {
  /** When the entry span began. */
  readonly range: TimeRange;
  /** Of the entry span: names only fields that `traces` has. */
  readonly filter: Filter;
  /** One and the same span of the trace matches it. Spans that began after the range's end are not looked at. */
  readonly spanFilter?: Filter | undefined;
  readonly order?: ListOrder | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export interface TraceTotals {
  span_count: number;
  error_count: number;
  input_tokens: number | null;
  output_tokens: number | null;
  cost_nano_usd: number | null;
  cost_usd: number | null;
  calls_without_cost: number;
}

export interface TraceSummaryRow extends TraceTotals {
  trace_id: string;
  span_id: string;
  project_id: string;
  name: string;
  kind: string;
  source: string;
  service_name: string;
  status: string;
  error_type: string;
  start_time: string;
  end_time: string;
  duration_ns: number;
  user_id: string;
  session_id: string;
  tags: string[];
  environment: string;
  models: string[];
  input_preview: string;
  output_preview: string;
}

/** A trace with many entry spans may leave a chunk short; so many chunks are read to fill a page. */
const maxChunks = 5;

/**
 * Traces, newest first. A trace with several entry spans (its parts ran in several processes) is shown once, by the
 * one without a parent, or else the earliest.
 */
export async function listTraces(
  reader: SqlReader,
  project: ProjectId,
  question: ListTracesQuestion,
  options?: ReadOptions,
): Promise<Page<TraceSummaryRow>> {
  const data: TraceSummaryRow[] = [];
  let cursor = question.cursor;
  for (let chunk = 0; chunk < maxChunks; chunk++) {
    const limit = question.limit - data.length;
    const entries = await entryRows(reader, project, { ...question, limit: limit + 1, cursor }, options);
    const shown = entries.slice(0, limit);
    data.push(...(await summariesOf(reader, project, shown, options)));
    const last = shown.at(-1);
    if (entries.length <= limit || last === undefined) return { data, next_cursor: null };
    cursor = cursorAt(last);
    if (data.length >= question.limit) break;
  }
  return { data, next_cursor: cursor ?? null };
}

/** Entry spans by time. Where a span filter is to be asked, the range is gone through in windows. */
async function entryRows(reader: SqlReader, project: ProjectId, question: ListTracesQuestion, options?: ReadOptions) {
  const { spanFilter = everything, order = "newest", limit } = question;
  if ("and" in spanFilter && spanFilter.and.length === 0) return entriesWithin(reader, project, question, options);
  const cursor = question.cursor === undefined ? undefined : decodeCursor(question.cursor);
  const rows: RawRow[] = [];
  for (const window of timeWindows(question.range, order, daysFirst, cursor?.startTimeUnixNano)) {
    const asked = { ...question, range: window, limit: limit - rows.length };
    rows.push(...(await entriesWithin(reader, project, asked, options, question.range)));
    if (rows.length >= limit) break;
  }
  return rows;
}

/** How far before its entry a step may seem to begin: clocks of several machines differ. */
const hourNano = 3_600_000_000_000n;

function entriesWithin(
  reader: SqlReader,
  project: ProjectId,
  question: ListTracesQuestion,
  options?: ReadOptions,
  whole?: TimeRange,
): Promise<RawRow[]> {
  const { order = "newest", range } = question;
  const bindings = new Bindings(project);
  const conditions = [
    bindings.tenant,
    startedWithin(bindings, range),
    ...filterConditions(bindings, question.filter, traceColumnsOfFilter),
  ];
  if (question.cursor !== undefined) conditions.push(...beyond(bindings, decodeCursor(question.cursor), order));
  if (whole !== undefined) {
    const steps = { fromUnixNano: range.fromUnixNano - hourNano, toUnixNano: whole.toUnixNano };
    const matching = [
      bindings.tenant,
      spansStartedWithin(bindings, steps),
      ...filterConditions(bindings, question.spanFilter ?? everything),
    ];
    conditions.push(`trace_id IN (SELECT trace_id FROM spans WHERE ${matching.join(" AND ")})`);
  }
  const sql = `SELECT lower(hex(trace_id)) AS trace_hex, lower(hex(span_id)) AS span_hex,
  toString(start_time) AS start_text, toString(addNanoseconds(start_time, duration_ns)) AS end_text,
  toString(toUnixTimestamp64Nano(start_time)) AS start_nano, project_id, name, kind, source, service_name, status,
  error_type, duration_ns, user_id, session_id, tags, environment, input_preview, output_preview
FROM traces
WHERE ${conditions.join(" AND ")}
ORDER BY ${inOrderOf(order)}
LIMIT ${bindings.bind("UInt32", question.limit)}`;
  return reader.query<RawRow>(sql, bindings.params, options);
}

async function summariesOf(reader: SqlReader, project: ProjectId, entries: readonly RawRow[], options?: ReadOptions) {
  if (entries.length === 0) return [];
  const ids = [...new Set(entries.map((row) => String(row["trace_hex"])))];
  const totals = await traceTotals(reader, project, ids, options);
  const bounds = boundsOf(entries, [...totals.values()]);
  const [shownEntries, models] = await Promise.all([
    shownEntryByTrace(reader, project, ids, bounds, options),
    modelsByTrace(reader, project, ids, bounds, options),
  ]);
  return entries.flatMap((entry) => {
    const traceId = String(entry["trace_hex"]);
    const isShown = (shownEntries.get(traceId) ?? entry["span_hex"]) === entry["span_hex"];
    return isShown ? [toTraceSummary(entry, totals.get(traceId), models.get(traceId) ?? [])] : [];
  });
}

/** The time in which all spans of the traces began. */
function boundsOf(entries: readonly RawRow[], totals: readonly RawRow[]): TimeRange {
  const entryStarts = entries.map((row) => BigInt(String(row["start_nano"])));
  const starts = [...entryStarts, ...totals.map((row) => BigInt(String(row["start_nano"])))];
  const ends = [...entryStarts, ...totals.map((row) => BigInt(String(row["end_nano"])))];
  const [lowest = 0n] = starts.sort(inOrder);
  const highest = ends.sort(inOrder).at(-1) ?? lowest;
  return { fromUnixNano: lowest, toUnixNano: highest + 1n };
}

function inOrder(one: bigint, other: bigint): number {
  return one < other ? -1 : Number(one > other);
}

/** Totals and time range of each trace, from the index. */
export async function traceTotals(
  reader: SqlReader,
  project: ProjectId,
  traceIds: readonly string[],
  options?: ReadOptions,
): Promise<Map<string, RawRow>> {
  const bindings = new Bindings(project);
  const sql = `SELECT lower(hex(trace_id)) AS trace_hex,
  toString(toUnixTimestamp64Nano(min(start_time))) AS start_nano,
  toString(toUnixTimestamp64Nano(max(end_time))) AS end_nano,
  toString(min(start_time)) AS start_text, toString(max(end_time)) AS end_text,
  sum(span_count) AS spans, sum(error_count) AS errors, sum(input_tokens) AS sum_input_tokens,
  sum(output_tokens) AS sum_output_tokens, sum(cost_nano_usd) AS sum_cost_nano_usd,
  sum(unknown_cost_count) AS unknown_costs
FROM trace_index
WHERE ${bindings.tenant} AND trace_id IN ${bindings.traceIds(traceIds)}
GROUP BY trace_id`;
  const rows = await reader.query<RawRow>(sql, bindings.params, options);
  return new Map(rows.map((row) => [String(row["trace_hex"]), row]));
}

async function shownEntryByTrace(
  reader: SqlReader,
  project: ProjectId,
  traceIds: readonly string[],
  bounds: TimeRange,
  options?: ReadOptions,
): Promise<Map<string, string>> {
  const bindings = new Bindings(project);
  const sql = `SELECT lower(hex(trace_id)) AS trace_hex,
  lower(hex(argMin(span_id, (parent_span_id != toFixedString('', 8), start_time, span_id)))) AS span_hex
FROM traces
WHERE ${bindings.tenant} AND ${startedWithin(bindings, bounds)} AND trace_id IN ${bindings.traceIds(traceIds)}
GROUP BY trace_id`;
  const rows = await reader.query<{ trace_hex: string; span_hex: string }>(sql, bindings.params, options);
  return new Map(rows.map((row) => [row.trace_hex, row.span_hex]));
}

async function modelsByTrace(
  reader: SqlReader,
  project: ProjectId,
  traceIds: readonly string[],
  bounds: TimeRange,
  options?: ReadOptions,
): Promise<Map<string, string[]>> {
  const bindings = new Bindings(project);
  const sql = `SELECT lower(hex(trace_id)) AS trace_hex, arraySort(groupUniqArray(20)(${spanModel})) AS models
FROM spans
WHERE ${bindings.tenant} AND ${spansStartedWithin(bindings, bounds)} AND trace_id IN ${bindings.traceIds(traceIds)}
  AND kind IN ('llm', 'embedding', 'reranker')
GROUP BY trace_id`;
  const rows = await reader.query<{ trace_hex: string; models: string[] }>(sql, bindings.params, options);
  return new Map(rows.map((row) => [row.trace_hex, row.models.filter((model) => model !== "")]));
}

export function toTraceTotals(row: RawRow | undefined): TraceTotals {
  const calls_without_cost = Number(row?.["unknown_costs"] ?? 0);
  const cost = numberOrUnknown(row?.["sum_cost_nano_usd"]);
  return {
    span_count: Number(row?.["spans"] ?? 1),
    error_count: Number(row?.["errors"] ?? 0),
    input_tokens: numberOrUnknown(row?.["sum_input_tokens"]),
    output_tokens: numberOrUnknown(row?.["sum_output_tokens"]),
    cost_nano_usd: cost,
    cost_usd: usd(cost),
    calls_without_cost,
  };
}

function toTraceSummary(entry: RawRow, totals: RawRow | undefined, models: string[]): TraceSummaryRow {
  const text = (name: string) => String(entry[name]);
  return {
    trace_id: text("trace_hex"),
    span_id: text("span_hex"),
    project_id: text("project_id"),
    name: text("name"),
    kind: text("kind"),
    source: text("source"),
    service_name: text("service_name"),
    status: text("status"),
    error_type: text("error_type"),
    start_time: rfc3339(text("start_text")),
    end_time: rfc3339(text("end_text")),
    duration_ns: Number(entry["duration_ns"]),
    user_id: text("user_id"),
    session_id: text("session_id"),
    tags: entry["tags"] as string[],
    environment: text("environment"),
    models,
    ...toTraceTotals(totals),
    input_preview: text("input_preview"),
    output_preview: text("output_preview"),
  };
}
