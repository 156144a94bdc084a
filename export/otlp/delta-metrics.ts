import type { HistogramPoint, Metric, NumberPoint } from "@weir/otlp";

const cumulative = 2;
const delta = 1;

type CountedPoint = NumberPoint | HistogramPoint;

/**
 * Turns cumulative metrics into deltas: what was counted since the last time. For collectors that want it so; one
 * for each destination. Gauges and sums that may fall stay as they are.
 */
export class DeltaMetrics {
  readonly #last = new Map<string, CountedPoint>();

  since(metrics: readonly Metric[]): Metric[] {
    return metrics.map((metric) => {
      const { data } = metric;
      if (data.type === "sum" && data.isMonotonic && data.temporality === cumulative) {
        const points = data.points.map((point) => this.#numberSince(metric.name, point));
        return { ...metric, data: { ...data, temporality: delta, points } };
      }
      if (data.type === "histogram" && data.temporality === cumulative) {
        const points = data.points.map((point) => this.#histogramSince(metric.name, point));
        return { ...metric, data: { ...data, temporality: delta, points } };
      }
      return metric;
    });
  }

  #numberSince(name: string, point: NumberPoint): NumberPoint {
    const last = this.#exchange(name, point) as NumberPoint | undefined;
    if (last === undefined) return point;
    return { ...point, startTimeUnixNano: last.timeUnixNano, value: Number(point.value) - Number(last.value) };
  }

  #histogramSince(name: string, point: HistogramPoint): HistogramPoint {
    const last = this.#exchange(name, point) as HistogramPoint | undefined;
    if (last === undefined) return point;
    return {
      ...point,
      startTimeUnixNano: last.timeUnixNano,
      count: point.count - last.count,
      sum: (point.sum ?? 0) - (last.sum ?? 0),
      bucketCounts: point.bucketCounts.map((count, index) => count - (last.bucketCounts[index] ?? 0n)),
    };
  }

  #exchange(name: string, point: CountedPoint): CountedPoint | undefined {
    const key = `${name}\u0000${JSON.stringify(point.attributes)}`;
    const last = this.#last.get(key);
    this.#last.set(key, point);
    return last;
  }
}
