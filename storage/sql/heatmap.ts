import { billedKinds, type ProjectId } from "@weir/model";
import { Bindings } from "./bindings.ts";
import { bucketSecondsFor, bucketStarts } from "./buckets.ts";
import { filterConditions, withKinds } from "./compile-filter.ts";
import type { ReadOptions, SqlReader } from "./reader.ts";
import { spansStartedWithin, type TimeRange, widened } from "./time-range.ts";
import { bucketOf, type TimeseriesQuestion, timeOf } from "./timeseries.ts";

export interface HeatmapQuestion extends TimeseriesQuestion {
  readonly of: "duration_ns" | "ttft_ns";
}

export interface Heatmap {
  readonly range: TimeRange;
  readonly bucket_seconds: number;
  readonly times: string[];
  readonly bounds_ns: number[];
  readonly counts: number[][];
}

/** Rows grow by √2: row 0 is below 1 ms, row n begins at 1 ms × √2^(n-1). The last begins at about 12 minutes. */
const lastRow = 40;
const lowerBoundNs = (row: number) => (row === 0 ? 0 : Math.round(1e6 * 2 ** ((row - 1) / 2)));

/** How many calls took how long, by buckets of time. */
export async function heatmap(
  reader: SqlReader,
  project: ProjectId,
  question: HeatmapQuestion,
  options?: ReadOptions,
): Promise<Heatmap> {
  const range = widened(question.range);
  const bucketSeconds = bucketSecondsFor(range, question.bucketSeconds);
  const bindings = new Bindings(project);
  const filter = withKinds(question.filter, [...billedKinds]);
  const conditions = [bindings.tenant, spansStartedWithin(bindings, range), ...filterConditions(bindings, filter)];
  const measured = question.of === "ttft_ns" ? "ttft_ns" : "duration_ns";
  const sql = `SELECT ${bucketOf(bindings, "toUnixTimestamp64Second(start_time)", bucketSeconds)} AS bucket,
  if(ifNull(${measured}, 0) < 1000000, 0,
    least(1 + toUInt32(floor(2 * log2(ifNull(${measured}, 0) / 1e6))), ${lastRow})) AS row_number,
  count() AS calls
FROM spans WHERE ${conditions.join(" AND ")} AND isNotNull(${measured})
GROUP BY bucket, row_number`;
  const cells = await reader.query<Record<"bucket" | "row_number" | "calls", unknown>>(sql, bindings.params, options);
  return { range, bucket_seconds: bucketSeconds, ...gridOf(cells, bucketStarts(range, bucketSeconds)) };
}

/** The cells as columns of counts; rows below the lowest and above the highest call are left out. */
function gridOf(cells: readonly Record<"bucket" | "row_number" | "calls", unknown>[], starts: readonly number[]) {
  const rows = cells.map((cell) => Number(cell.row_number));
  const lowest = rows.length === 0 ? 0 : Math.min(...rows);
  const height = rows.length === 0 ? 0 : Math.max(...rows) - lowest + 1;
  const counts = starts.map(() => new Array<number>(height).fill(0));
  const position = new Map(starts.map((start, index) => [start, index]));
  for (const cell of cells) {
    const column = counts[position.get(Number(cell.bucket)) ?? -1];
    if (column !== undefined) column[Number(cell.row_number) - lowest] = Number(cell.calls);
  }
  return {
    times: starts.map(timeOf),
    bounds_ns: Array.from({ length: height }, (_, index) => lowerBoundNs(lowest + index)),
    counts,
  };
}
