import type { ProjectId } from "@weir/model";
import { contentFromLogRow, joinLogContents, type LogContent } from "@weir/pipeline";
import { contentLogs, type ReadOptions, type SqlReader, type TimeRange } from "@weir/storage";
import { unixNanoOf } from "./request-range.ts";

/** What a span shows of its content. */
interface SpanWithContent {
  readonly span_id: string;
  readonly start_time: string;
  readonly end_time: string;
  content_format: string;
  content_state: string;
  input?: string;
  output?: string;
}

/**
 * Sets input and output of the spans of one trace that have neither and whose instrumentation put them into log records.
 * Spans whose content was not read stay as they are.
 */
export async function addLogContent(
  reader: SqlReader,
  project: ProjectId,
  traceId: string,
  spans: readonly SpanWithContent[],
  options?: ReadOptions,
): Promise<void> {
  const empty = spans.filter(({ input, output }) => input === "" && output === "");
  if (empty.length === 0) return;
  const question = { traceId, spanIds: empty.map(({ span_id }) => span_id), range: rangeOfSpans(empty) };
  const contents = new Map<string, LogContent[]>();
  for (const row of await contentLogs(reader, project, question, options)) {
    const content = contentFromLogRow(row);
    if (content === undefined) continue;
    const known = contents.get(row.span_id);
    if (known === undefined) contents.set(row.span_id, [content]);
    else known.push(content);
  }
  for (const span of empty) {
    const found = contents.get(span.span_id);
    if (found === undefined) continue;
    const { content_format, input, output, isTruncated } = joinLogContents(found);
    Object.assign(span, { content_format, input, output, ...(isTruncated && { content_state: "truncated" }) });
  }
}

function rangeOfSpans(spans: readonly SpanWithContent[]): TimeRange {
  const times = spans.flatMap((span) => [unixNanoOf(span.start_time), unixNanoOf(span.end_time)]);
  const sorted = times.sort((one, other) => Number(one - other));
  return { fromUnixNano: sorted[0] ?? 0n, toUnixNano: sorted.at(-1) ?? 0n };
}
