import { CodedError, type ProjectId } from "@weir/model";
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
/** So few spans are read with their content; of more, first how much they have. */
const spansReadWithContent = 50;

/** What is read of a span's content. Even its length has to be unpacked. */
const contentLength = ", length(input) + length(output) AS content_bytes";
/** And the content itself, as much as one answer may have. */
const contentAsFits = `${contentLength},
  sum(length(input) + length(output)) OVER (ORDER BY start_time, span_id ROWS UNBOUNDED PRECEDING) <= ${maxContentBytes} AS fits,
  if(fits, input, '') AS input_text, if(fits, output, '') AS output_text`;

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
  const trace = { traceId: question.traceId, bounds: { fromUnixNano: start, toUnixNano: end + 1n } };
  const reading = { withContent: question.withContent, spanCount: Number(totals["spans"]) };
  const { rows, contents } = await readSpans(reader, project, trace, reading, options);
  if (rows.length === 0) return undefined;
  const shown = rows.slice(0, maxSpans);
  const spans: TraceSpanRow[] = shown.map(toCallDetail);
  if (question.withContent) {
    const texts = contents ?? (await readContents(reader, project, trace, shown, options));
    const bySpan = new Map(texts.map(({ span_hex, input, output }) => [span_hex, { input, output }]));
    for (const span of spans) Object.assign(span, bySpan.get(span.span_id));
  }
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

/** A trace, and when its spans began. */
interface TraceWithin {
  readonly traceId: string;
  readonly bounds: TimeRange;
}

function isOfTrace(bindings: Bindings, { traceId, bounds }: TraceWithin): string {
  return `${bindings.tenant} AND ${spansStartedWithin(bindings, bounds)} AND trace_id = ${bindings.traceId(traceId)}`;
}

interface SpanContent {
  readonly span_hex: string;
  readonly input: string;
  readonly output: string;
}

/** The spans and, where it can be read along with them, as much of their content as one answer may have. */
async function readSpans(
  reader: SqlReader,
  project: ProjectId,
  trace: TraceWithin,
  { withContent, spanCount }: { readonly withContent: boolean; readonly spanCount: number },
  options?: ReadOptions,
): Promise<{ rows: RawRow[]; contents?: SpanContent[] }> {
  const read = (content: string) => spanRows(reader, project, trace, content, options);
  if (!withContent) return { rows: await read("") };
  if (spanCount > spansReadWithContent) return { rows: await read(contentLength) };
  try {
    const rows = await read(contentAsFits);
    return { rows, contents: fitting(rows).map(toContent) };
  } catch (error) {
    if (error instanceof CodedError && error.code === "QUERY_TOO_LARGE") return { rows: await read(contentLength) };
    throw error;
  }
}

function toContent(row: RawRow): SpanContent {
  return {
    span_hex: String(row["span_hex"]),
    input: String(row["input_text"]),
    output: String(row["output_text"]),
  };
}

/** `content`: its columns, behind those of every span. */
function spanRows(
  reader: SqlReader,
  project: ProjectId,
  trace: TraceWithin,
  content: string,
  options?: ReadOptions,
): Promise<RawRow[]> {
  const bindings = new Bindings(project);
  const sql = `SELECT ${detailSelection}${content}
FROM spans
WHERE ${isOfTrace(bindings, trace)}
ORDER BY start_time, span_id
LIMIT ${bindings.bind("UInt32", maxSpans + 1)}`;
  return reader.query<RawRow>(sql, bindings.params, options);
}

/** Input and output of the first spans, as many as fit. */
function readContents(
  reader: SqlReader,
  project: ProjectId,
  trace: TraceWithin,
  shown: readonly RawRow[],
  options?: ReadOptions,
): Promise<SpanContent[]> {
  const bindings = new Bindings(project);
  const ids = fitting(shown).map((row) => String(row["span_hex"]));
  const sql = `SELECT lower(hex(span_id)) AS span_hex, input, output FROM spans
WHERE ${isOfTrace(bindings, trace)} AND span_hex IN ${bindings.bind("Array(String)", ids)}`;
  return reader.query<SpanContent>(sql, bindings.params, options);
}

/** The first rows, as many as one answer may have the content of. */
function fitting(rows: readonly RawRow[]): RawRow[] {
  const fit: RawRow[] = [];
  let bytes = 0;
  for (const row of rows) {
    bytes += Number(row["content_bytes"]);
    if (bytes > maxContentBytes) break;
    fit.push(row);
  }
  return fit;
}
