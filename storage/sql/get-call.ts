import type { ProjectId } from "@weir/model";
import { Bindings } from "./bindings.ts";
import { type CallDetailRow, detailSelection, type RawRow, toCallDetail } from "./call-row.ts";
import type { ReadOptions, SqlReader } from "./reader.ts";
import { spansStartedWithin } from "./time-range.ts";

export interface GetCallQuestion {
  readonly spanId: string;
  /** Known parts of the call make the look-up faster. */
  readonly traceId?: string | undefined;
  readonly startTimeUnixNano?: bigint | undefined;
}

export type CallWithContent = CallDetailRow & { input: string; output: string };

/** Times in requests have milliseconds, rows have nanoseconds. */
const toleranceNano = 1_000_000_000n;

/** One call with its content; undefined when the project has none of that id. */
export async function getCall(
  reader: SqlReader,
  project: ProjectId,
  question: GetCallQuestion,
  options?: ReadOptions,
): Promise<CallWithContent | undefined> {
  const bindings = new Bindings(project);
  const conditions = [bindings.tenant, `span_id = ${bindings.spanId(question.spanId)}`];
  if (question.traceId !== undefined) conditions.push(`trace_id = ${bindings.traceId(question.traceId)}`);
  const start = question.startTimeUnixNano;
  if (start !== undefined) {
    const range = { fromUnixNano: start - toleranceNano, toUnixNano: start + toleranceNano + 1n };
    conditions.push(spansStartedWithin(bindings, range));
  }
  const sql = `SELECT ${detailSelection}, input AS whole_input, output AS whole_output
FROM (SELECT * FROM spans WHERE ${conditions.join(" AND ")} ORDER BY start_time DESC LIMIT 1)`;
  const [row] = await reader.query<RawRow>(sql, bindings.params, options);
  if (row === undefined) return undefined;
  return { ...toCallDetail(row), input: String(row["whole_input"]), output: String(row["whole_output"]) };
}
