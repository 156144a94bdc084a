import type { ProjectId } from "@weir/model";
import type { Filter } from "@weir/query";
import { Bindings } from "./bindings.ts";
import type { RawRow } from "./call-row.ts";
import { type CallTotals, toCallTotals } from "./measures.ts";
import type { ReadOptions, SqlReader } from "./reader.ts";
import { rangeBefore, type TimeRange, widened } from "./time-range.ts";
import { usageSource } from "./usage-source.ts";

export interface MetricsQuestion {
  readonly range: TimeRange;
  readonly filter: Filter;
}

export type ModelTotals = CallTotals & { provider: string; model: string };

export interface MetricsSummary {
  /** The range of the question, widened to whole minutes. */
  readonly range: TimeRange;
  readonly total: CallTotals;
  readonly previous: CallTotals;
  readonly by_model: ModelTotals[];
}

const maxModels = 100;

/** Totals of a range, of the equal one before, and by model. */
export async function metricsSummary(
  reader: SqlReader,
  project: ProjectId,
  { range, filter }: MetricsQuestion,
  options?: ReadOptions,
): Promise<MetricsSummary> {
  const whole = widened(range);
  const [{ total, by_model }, previous] = await Promise.all([
    totalsByModel(reader, project, { range: whole, filter }, options),
    totals(reader, project, { range: rangeBefore(whole), filter }, options),
  ]);
  return { range: whole, total, previous, by_model };
}

async function totals(reader: SqlReader, project: ProjectId, question: MetricsQuestion, options?: ReadOptions) {
  const bindings = new Bindings(project);
  const source = usageSource(bindings, question);
  const [row] = await reader.query<RawRow>(`SELECT ${source.measures}\n${source.from}`, bindings.params, options);
  return toCallTotals(row);
}

/** Of all calls and of each model, in one reading. */
async function totalsByModel(reader: SqlReader, project: ProjectId, question: MetricsQuestion, options?: ReadOptions) {
  const bindings = new Bindings(project);
  const source = usageSource(bindings, question);
  const sql = `SELECT grouping(provider) AS is_total, provider, ${source.model} AS shown_model, ${source.measures}
${source.from}
GROUP BY GROUPING SETS ((provider, shown_model), ())
ORDER BY is_total DESC, sum_cost_nano_usd DESC NULLS LAST, calls DESC, provider, shown_model
LIMIT ${bindings.bind("UInt32", maxModels + 1)}`;
  const [total, ...models] = await reader.query<RawRow>(sql, bindings.params, options);
  const by_model = models.map(
    (row): ModelTotals => ({
      provider: String(row["provider"]),
      model: String(row["shown_model"]),
      ...toCallTotals(row),
    }),
  );
  return { total: toCallTotals(total), by_model };
}
