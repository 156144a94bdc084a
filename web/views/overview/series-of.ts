import type { Timeseries } from "@weir/api/contract";
import type { RangeSpec } from "../../data/range.ts";

type Bucket = Timeseries["buckets"][number];

/** One figure over the buckets. */
export function seriesOf(series: Timeseries | undefined, read: (bucket: Bucket) => number | null): (number | null)[] {
  return series?.buckets.map(read) ?? [];
}

export function bucketTimes(series: Timeseries): number[] {
  return series.buckets.map(({ time }) => Date.parse(time) / 1000);
}

/** The fixed range of one bucket: what a click on a mark opens. */
export function bucketRange(startSeconds: number, bucketSeconds: number): RangeSpec {
  return {
    kind: "fixed",
    from: new Date(startSeconds * 1000).toISOString(),
    to: new Date((startSeconds + bucketSeconds) * 1000).toISOString(),
  };
}

export interface ModelSeries {
  readonly name: string;
  readonly total: number;
  readonly values: readonly (number | null)[];
}

/** Cost of each model over the buckets, by cost, most first; the same model of two providers keeps both names. */
export function costSeries(series: Timeseries): ModelSeries[] {
  const models = series.by_model.map(({ model }) => model);
  const isShared = (model: string) => models.indexOf(model) !== models.lastIndexOf(model);
  return series.by_model
    .map(({ provider, model, cost_nano_usd: values }) => ({
      name: model === "" ? "unknown model" : isShared(model) && provider !== "" ? `${model} (${provider})` : model,
      total: values.reduce<number>((sum, value) => sum + (value ?? 0), 0),
      values,
    }))
    .filter(({ total }) => total > 0)
    .sort((a, b) => b.total - a.total);
}
