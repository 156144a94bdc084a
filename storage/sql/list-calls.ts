import type { ProjectId } from "@weir/model";
import { Bindings } from "./bindings.ts";
import { type CallFilter, spanConditions } from "./call-filter.ts";
import { type CallSummaryRow, type RawRow, summarySelection, toCallSummary } from "./call-row.ts";
import { type Cursor, decodeCursor, encodeCursor } from "./cursor.ts";
import type { ReadOptions, SqlReader } from "./reader.ts";
import { startedWithin, type TimeRange } from "./time-range.ts";

export interface ListCallsQuestion {
  readonly range: TimeRange;
  readonly filter: CallFilter;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export interface Page<Item> {
  readonly data: Item[];
  readonly next_cursor: string | null;
}

/** The kinds that a list of calls shows unless told otherwise. */
const callKinds = ["llm", "embedding", "reranker", "http"];

/** By time; said so that rows are read in the order of the table's key, and no more of them than the page needs. */
const newestFirst = "toStartOfTenMinutes(start_time) DESC, start_time DESC, span_id DESC";

/** Calls, newest first. Pages stay stable while rows arrive. */
export async function listCalls(
  reader: SqlReader,
  project: ProjectId,
  question: ListCallsQuestion,
  options?: ReadOptions,
): Promise<Page<CallSummaryRow>> {
  const bindings = new Bindings(project);
  const filter = { ...question.filter, kind: question.filter.kind ?? callKinds };
  const conditions = [bindings.tenant, startedWithin(bindings, question.range), ...spanConditions(bindings, filter)];
  if (question.cursor !== undefined) conditions.push(...beyond(bindings, decodeCursor(question.cursor)));
  const sql = `SELECT ${summarySelection}
FROM (
  SELECT * FROM spans
  WHERE ${conditions.join("\n    AND ")}
  ORDER BY ${newestFirst}
  LIMIT ${bindings.bind("UInt32", question.limit + 1)}
)
ORDER BY start_time DESC, span_id DESC`;
  const rows = await reader.query<RawRow>(sql, bindings.params, options);
  return pageOf(rows, question.limit, toCallSummary);
}

/** The conditions that leave what comes after the cursor, newest first. The first lets the primary key skip. */
export function beyond(bindings: Bindings, cursor: Cursor): string[] {
  const at = bindings.instant(cursor.startTimeUnixNano);
  return [`start_time <= ${at}`, `(start_time, span_id) < (${at}, ${bindings.spanId(cursor.spanId)})`];
}

/** Of one row more than the limit, if there is one: the page, and the cursor to what follows. */
function pageOf<Item>(rows: readonly RawRow[], limit: number, toItem: (row: RawRow) => Item): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    data: shown.map(toItem),
    next_cursor: rows.length > limit && last !== undefined ? cursorAt(last) : null,
  };
}

/** The cursor that a page ending with this row gives. */
export function cursorAt(row: RawRow): string {
  return encodeCursor({ startTimeUnixNano: BigInt(String(row["start_nano"])), spanId: String(row["span_hex"]) });
}
