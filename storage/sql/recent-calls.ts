import type { StoredCall } from "@weir/model";
import type { SqlReader } from "./reader.ts";

const minutes = 15;
const limit = 100_000;

/** The calls of all projects that began in the last 15 minutes, at most the latest 100,000; oldest first. */
export async function recentCalls(reader: Pick<SqlReader, "query">): Promise<StoredCall[]> {
  return reader.query<StoredCall>(
    `SELECT * FROM (
  SELECT project_id, lower(hex(trace_id)) AS trace_id, lower(hex(span_id)) AS span_id,
    lower(hex(parent_span_id)) AS parent_span_id, kind, source, status, request_model, response_id, input_tokens,
    output_tokens, toUnixTimestamp64Nano(spans.start_time) / 1e6 AS start_ms, start_ms + duration_ns / 1e6 AS end_ms
  FROM spans
  WHERE kind IN ('llm', 'embedding', 'reranker')
    AND toStartOfTenMinutes(spans.start_time) >= toStartOfTenMinutes(now() - toIntervalMinute({minutes:UInt32}))
    AND spans.start_time >= now() - toIntervalMinute({minutes:UInt32})
  ORDER BY start_ms DESC LIMIT {limit:UInt32}) ORDER BY start_ms`,
    { minutes, limit },
  );
}
