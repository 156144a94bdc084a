import type { ProjectId } from "@weir/model";
import { Bindings } from "./bindings.ts";
import { type CallDetailRow, detailSelection, type RawRow, toCallDetail } from "./call-row.ts";
import { rfc3339 } from "./instant.ts";
import { type TraceTotals, toTraceTotals, traceTotals } from "./list-traces.ts";
import type { ReadOptions, SqlReader } from "./reader.ts";
import { spansStartedWithin, type TimeRange } from "./time-range.ts";

export interface GetTraceQuestion {
  readonly traceId: string;
  readonly withContent: boolean;
}

export type TraceSpanRow = CallDetailRow & { input?: string; output?: string };

export interface TraceDetail extends TraceTotals {
  trace_id: string;
  project_id: string;
  start_time: string;
  end_time: string;
  duration_ns: number;
  is_truncated: boolean;
  spans: TraceSpanRow[];
}

/** Spans of one answer. */
const maxSpans = 5000;
/** Content of one answer; spans beyond it come without theirs. */
const maxContentBytes = 32 * 1024 * 1024;

/** A trace with its spans by start; undefined when the project has none of that id. */
export async function getTrace(
  reader: SqlReader,
  project: ProjectId,
  question: GetTraceQuestion,
  options?: ReadOptions,
): Promise<TraceDetail | undefined> {
  const totals = (await traceTotals(reader, project, [question.traceId], options)).get(question.traceId);
  if (totals === undefined) return undefined;
  const start = BigInt(String(totals["start_nano"]));
  const end = BigInt(String(totals["end_nano"]));
  const bounds = { fromUnixNano: start, toUnixNano: end + 1n };
  const rows = await spanRows(reader, project, question, bounds, options);
  if (rows.length === 0) return undefined;
  const shown = rows.slice(0, maxSpans);
  const spans: TraceSpanRow[] = shown.map(toCallDetail);
  if (question.withContent)
    await addContent(reader, project, { traceId: question.traceId, bounds, shown, spans }, options);
  return {
    trace_id: question.traceId,
    project_id: project,
    start_time: rfc3339(String(totals["start_text"])),
    end_time: rfc3339(String(totals["end_text"])),
    duration_ns: Number(end - start),
    ...toTraceTotals(totals),
    is_truncated: rows.length > maxSpans,
    spans,
  };
}

function spanRows(
  reader: SqlReader,
  project: ProjectId,
  { traceId, withContent }: GetTraceQuestion,
  bounds: TimeRange,
  options?: ReadOptions,
): Promise<RawRow[]> {
  const bindings = new Bindings(project);
  const conditions = [bindings.tenant, spansStartedWithin(bindings, bounds), `trace_id = ${bindings.traceId(traceId)}`];
  // Even the length of content has to be unpacked.
  const contentBytes = withContent ? ", length(input) + length(output) AS content_bytes" : "";
  const sql = `SELECT ${detailSelection}${contentBytes}
FROM spans
WHERE ${conditions.join(" AND ")}
ORDER BY start_time, span_id
LIMIT ${bindings.bind("UInt32", maxSpans + 1)}`;
  return reader.query<RawRow>(sql, bindings.params, options);
}

interface ContentQuestion {
  readonly traceId: string;
  readonly bounds: TimeRange;
  readonly shown: readonly RawRow[];
  readonly spans: readonly TraceSpanRow[];
}

/** Sets input and output of the first spans, as many as fit. */
async function addContent(
  reader: SqlReader,
  project: ProjectId,
  { traceId, bounds, shown, spans }: ContentQuestion,
  options?: ReadOptions,
): Promise<void> {
  const bindings = new Bindings(project);
  const ids = fitting(shown);
  const conditions = [bindings.tenant, spansStartedWithin(bindings, bounds), `trace_id = ${bindings.traceId(traceId)}`];
  const sql = `SELECT lower(hex(span_id)) AS span_hex, input, output FROM spans
WHERE ${conditions.join(" AND ")} AND span_hex IN ${bindings.bind("Array(String)", ids)}`;
  const rows = await reader.query<{ span_hex: string; input: string; output: string }>(sql, bindings.params, options);
  const contents = new Map(rows.map((row) => [row.span_hex, row]));
  for (const span of spans) {
    const content = contents.get(span.span_id);
    if (content !== undefined) Object.assign(span, { input: content.input, output: content.output });
  }
}

function fitting(rows: readonly RawRow[]): string[] {
  let bytes = 0;
  const ids: string[] = [];
  for (const row of rows) {
    bytes += Number(row["content_bytes"]);
    if (bytes > maxContentBytes) break;
    ids.push(String(row["span_hex"]));
  }
  return ids;
}
