import type { Exemplar, MetricSnapshot, SeriesSnapshot } from "./metric-store.ts";

/** Adds up what several processes counted: same metric, same labels, one number. */
export function sumSnapshots(processes: readonly (readonly MetricSnapshot[])[]): MetricSnapshot[] {
  const metrics = new Map<string, { metric: MetricSnapshot; series: Map<string, SeriesSnapshot> }>();
  for (const metric of processes.flat()) {
    let sum = metrics.get(metric.name);
    if (sum === undefined) {
      sum = { metric, series: new Map() };
      metrics.set(metric.name, sum);
    }
    for (const series of metric.series) {
      const key = series.labels.join("\u0000");
      const before = sum.series.get(key);
      sum.series.set(key, before === undefined ? series : add(before, series));
    }
  }
  return Array.from(metrics.values(), ({ metric, series }) => ({ ...metric, series: [...series.values()] }));
}

function add(a: SeriesSnapshot, b: SeriesSnapshot): SeriesSnapshot {
  return {
    labels: a.labels,
    value: a.value + b.value,
    ...(a.buckets && { buckets: a.buckets.map((count, index) => count + (b.buckets?.[index] ?? 0)) }),
    ...((a.exemplars ?? b.exemplars) && { exemplars: laterOf(a.exemplars ?? [], b.exemplars ?? []) }),
  };
}

function laterOf(a: readonly (Exemplar | null)[], b: readonly (Exemplar | null)[]): (Exemplar | null)[] {
  const longer = a.length >= b.length ? a : b;
  return longer.map((_, index) => later(a[index] ?? null, b[index] ?? null));
}

function later(a: Exemplar | null, b: Exemplar | null): Exemplar | null {
  if (a === null || b === null) return a ?? b;
  return a.timeUnixMs >= b.timeUnixMs ? a : b;
}
