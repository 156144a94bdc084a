import type { ProjectId } from "@weir/model";
import { Bindings } from "./bindings.ts";
import type { ReadOptions, SqlReader } from "./reader.ts";
import { happenedWithin, type TimeRange } from "./time-range.ts";

/** A log record that may hold content of a span's call, whole. */
export interface ContentLogRow {
  readonly span_id: string;
  readonly event_name: string;
  readonly body_format: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface ContentLogsQuestion {
  readonly traceId: string;
  readonly spanIds: readonly string[];
  /** When the spans were under way. */
  readonly range: TimeRange;
}

/** Records are written with their span, but some senders' clocks and queues are not. */
const toleranceNano = 3_600_000_000_000n;
const mostBytes = 32 * 1024 * 1024;

/** The GenAI log records of spans, in their order; those beyond 32 MiB are left out. */
export function contentLogs(
  reader: SqlReader,
  project: ProjectId,
  { traceId, spanIds, range }: ContentLogsQuestion,
  options?: ReadOptions,
): Promise<ContentLogRow[]> {
  const bindings = new Bindings(project);
  const { fromUnixNano, toUnixNano } = range;
  const around = { fromUnixNano: fromUnixNano - toleranceNano, toUnixNano: toUnixNano + toleranceNano };
  const conditions = [
    bindings.tenant,
    happenedWithin(bindings, around),
    `trace_id = ${bindings.traceId(traceId)}`,
    "startsWith(event_name, 'gen_ai.')",
    `lower(hex(span_id)) IN ${bindings.bind("Array(String)", spanIds)}`,
  ];
  const sql = `SELECT lower(hex(span)) AS span_id, event_name, body_format, body, attributes
FROM (
  SELECT logs.span_id AS span, event_name, body_format, body, attributes, time, sequence,
    sum(length(body) + arraySum(value -> length(value), mapValues(attributes))) OVER (ORDER BY time, sequence) AS bytes
  FROM logs
  WHERE ${conditions.join("\n    AND ")}
)
WHERE bytes <= ${bindings.bind("UInt64", mostBytes)}
ORDER BY time, sequence`;
  return reader.query<ContentLogRow>(sql, bindings.params, options);
}
