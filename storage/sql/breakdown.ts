import type { ProjectId } from "@weir/model";
import { Bindings } from "./bindings.ts";
import type { RawRow } from "./call-row.ts";
import { type CallTotals, toCallTotals } from "./measures.ts";
import type { MetricsQuestion } from "./metrics-summary.ts";
import type { ReadOptions, SqlReader } from "./reader.ts";
import { type TimeRange, widened } from "./time-range.ts";
import { usageSource } from "./usage-source.ts";

/** Fields to break totals down by, and the expression that gives their value; model differs by source. */
const valueExpressions = {
  provider: "provider",
  status: "status",
  kind: "kind",
  source: "source",
  error_type: "error_type",
  http_status: "ifNull(toString(http_status), '')",
  finish_reason: "finish_reason",
  user_id: "user_id",
  session_id: "session_id",
  api_key_id: "api_key_id",
  service_name: "service_name",
  environment: "environment",
  prompt_name: "prompt_name",
  prompt_version: "prompt_version",
  tag: "arrayJoin(tags)",
} as const;

export interface BreakdownQuestion extends MetricsQuestion {
  readonly by: keyof typeof valueExpressions | "model";
  readonly limit: number;
}

export interface Breakdown {
  readonly range: TimeRange;
  readonly data: (CallTotals & { value: string })[];
}

/** Totals by the values of one field, those with most calls first. */
export async function breakdown(
  reader: SqlReader,
  project: ProjectId,
  question: BreakdownQuestion,
  options?: ReadOptions,
): Promise<Breakdown> {
  const range = widened(question.range);
  const bindings = new Bindings(project);
  const source = usageSource(bindings, { ...question, by: [question.by], range });
  const value = question.by === "model" ? source.model : valueExpressions[question.by];
  const sql = `SELECT ${value} AS shown_value, ${source.measures}
${source.from}
GROUP BY shown_value
ORDER BY calls DESC, shown_value
LIMIT ${bindings.bind("UInt32", question.limit)}`;
  const rows = await reader.query<RawRow>(sql, bindings.params, options);
  return { range, data: rows.map((row) => ({ value: String(row["shown_value"]), ...toCallTotals(row) })) };
}
