import type { ProjectId } from "@weir/model";
import { Bindings } from "./bindings.ts";
import { bucketSecondsFor, bucketStarts } from "./buckets.ts";
import { numberOrUnknown, type RawRow } from "./call-row.ts";
import { rfc3339OfNano } from "./instant.ts";
import { type CallTotals, toCallTotals } from "./measures.ts";
import type { MetricsQuestion } from "./metrics-summary.ts";
import type { ReadOptions, SqlReader } from "./reader.ts";
import { type TimeRange, widened } from "./time-range.ts";
import { usageSource } from "./usage-source.ts";

export interface TimeseriesQuestion extends MetricsQuestion {
  readonly bucketSeconds?: number | undefined;
}

export interface ModelSeries {
  provider: string;
  model: string;
  calls: number[];
  cost_nano_usd: (number | null)[];
}

export interface Timeseries {
  readonly range: TimeRange;
  readonly bucket_seconds: number;
  readonly buckets: (CallTotals & { time: string })[];
  readonly by_model: ModelSeries[];
}

const shownModels = 8;

/** Totals by buckets of time; every bucket of the range is there. */
export async function timeseries(
  reader: SqlReader,
  project: ProjectId,
  question: TimeseriesQuestion,
  options?: ReadOptions,
): Promise<Timeseries> {
  const range = widened(question.range);
  const bucketSeconds = bucketSecondsFor(range, question.bucketSeconds);
  const starts = bucketStarts(range, bucketSeconds);
  const asked = { ...question, range, bucketSeconds };
  const [rows, modelRows] = await Promise.all([
    bucketRows(reader, project, asked, options),
    modelBucketRows(reader, project, asked, options),
  ]);
  const byStart = new Map(rows.map((row) => [Number(row["bucket"]), row]));
  return {
    range,
    bucket_seconds: bucketSeconds,
    buckets: starts.map((start) => ({ time: timeOf(start), ...toCallTotals(byStart.get(start)) })),
    by_model: seriesOf(modelRows, starts),
  };
}

export const timeOf = (seconds: number) => rfc3339OfNano(BigInt(seconds) * 1_000_000_000n);

export function bucketOf(bindings: Bindings, second: string, bucketSeconds: number): string {
  const step = bindings.bind("UInt32", bucketSeconds);
  return `intDiv(${second}, ${step}) * ${step}`;
}

type BucketQuestion = MetricsQuestion & { bucketSeconds: number };

function bucketRows(reader: SqlReader, project: ProjectId, question: BucketQuestion, options?: ReadOptions) {
  const bindings = new Bindings(project);
  const source = usageSource(bindings, question);
  const sql = `SELECT ${bucketOf(bindings, source.second, question.bucketSeconds)} AS bucket, ${source.measures}
${source.from}
GROUP BY bucket`;
  return reader.query<RawRow>(sql, bindings.params, options);
}

function modelBucketRows(reader: SqlReader, project: ProjectId, question: BucketQuestion, options?: ReadOptions) {
  const bindings = new Bindings(project);
  const source = usageSource(bindings, question);
  const sql = `SELECT provider, shown_model, groupArray(bucket) AS buckets, groupArray(calls) AS bucket_calls,
  groupArray(tuple(sum_cost_nano_usd)) AS costs, groupArray(calls_without_cost) AS unknown_costs,
  sum(sum_cost_nano_usd) AS cost, sum(calls) AS all_calls
FROM (
  SELECT provider, ${source.model} AS shown_model,
    ${bucketOf(bindings, source.second, question.bucketSeconds)} AS bucket, ${source.measures}
  ${source.from}
  GROUP BY provider, shown_model, bucket
)
GROUP BY provider, shown_model
ORDER BY cost DESC NULLS LAST, all_calls DESC, provider, shown_model
LIMIT 1000`;
  return reader.query<RawRow>(sql, bindings.params, options);
}

/** The models that cost most, each with a value for every bucket; the rest are added up as `other`. */
function seriesOf(rows: readonly RawRow[], starts: readonly number[]): ModelSeries[] {
  const position = new Map(starts.map((start, index) => [start, index]));
  const series: ModelSeries[] = [];
  rows.forEach((row, rank) => {
    if (rank <= shownModels) series.push(emptySeries(row, rank, starts.length));
    const target = series[Math.min(rank, shownModels)];
    if (target !== undefined) addTo(target, row, position);
  });
  return series;
}

function emptySeries(row: RawRow, rank: number, length: number): ModelSeries {
  const isOther = rank === shownModels;
  return {
    provider: isOther ? "" : String(row["provider"]),
    model: isOther ? "other" : String(row["shown_model"]),
    calls: new Array<number>(length).fill(0),
    cost_nano_usd: new Array<number | null>(length).fill(0),
  };
}

function addTo(series: ModelSeries, row: RawRow, position: ReadonlyMap<number, number>): void {
  const calls = row["bucket_calls"] as unknown[];
  const costs = row["costs"] as [unknown][];
  const unknown = row["unknown_costs"] as unknown[];
  (row["buckets"] as unknown[]).forEach((bucket, index) => {
    const at = position.get(Number(bucket));
    if (at === undefined) return;
    series.calls[at] = (series.calls[at] ?? 0) + Number(calls[index]);
    const cost = numberOrUnknown(costs[index]?.[0]) ?? (Number(unknown[index]) === 0 ? 0 : null);
    const before = series.cost_nano_usd[at];
    // Unknown and nothing is unknown; unknown and something is what is known.
    if (cost !== null) series.cost_nano_usd[at] = (before ?? 0) + cost;
    else if (before === 0) series.cost_nano_usd[at] = null;
  });
}
