import type { AnyValue, Attributes, InstrumentationScope, Metric, Exemplar as OtlpExemplar } from "@weir/otlp";
import type { Exemplar, MetricSnapshot, OtelNames, SeriesSnapshot } from "./metric-store.ts";

const cumulative = 2;

/** When counting began and when it is told, in ns since 1970. */
export interface CountedTime {
  readonly startTimeUnixNano: bigint;
  readonly timeUnixNano: bigint;
}

interface Sender {
  readonly resource: Attributes;
  readonly scope: InstrumentationScope;
}

/** What was counted, as cumulative metrics of OTLP. Metrics without a series are left out. */
export function otlpMetrics(snapshots: readonly MetricSnapshot[], time: CountedTime, sender: Sender): Metric[] {
  return snapshots.flatMap((snapshot) => {
    if (snapshot.series.length === 0) return [];
    const { name, unit, attributes, isUpDownCounter } = otelNamesOf(snapshot);
    const described = { name, unit, description: snapshot.help, metadata: {}, ...sender };
    const data = dataOf(snapshot, attributes, time);
    if (data.type !== "gauge" || !isUpDownCounter) return [{ ...described, data }];
    return [{ ...described, data: { ...data, type: "sum", temporality: cumulative, isMonotonic: false } }];
  });
}

const unitsBySuffix: readonly (readonly [string, string])[] = [
  ["_seconds", "s"],
  ["_milliseconds", "ms"],
  ["_bytes", "By"],
  ["_tokens", "{token}"],
  ["_usd", "{USD}"],
];

/** A metric's names in OpenTelemetry, declared or derived. */
export function otelNamesOf({ otel, name, labels }: Pick<MetricSnapshot, "otel" | "name" | "labels">): OtelNames {
  if (otel !== undefined) return otel;
  const bare = name.replace(/_total$/, "");
  const unit = unitsBySuffix.find(([suffix]) => bare.endsWith(suffix))?.[1] ?? "1";
  return { name: bare, unit, attributes: labels };
}

function dataOf(snapshot: MetricSnapshot, names: readonly string[], time: CountedTime): Metric["data"] {
  const base = (series: SeriesSnapshot) => ({
    ...time,
    attributes: attributesOf(names, series),
    flags: 0,
    exemplars: (series.exemplars ?? []).flatMap((it) => (it === null ? [] : [exemplarOf(it)])),
  });
  if (snapshot.type === "histogram") {
    const explicitBounds = snapshot.bounds ?? [];
    const points = snapshot.series.map((series) => {
      const bucketCounts = (series.buckets ?? []).map((count) => BigInt(count));
      const count = bucketCounts.reduce((sum, it) => sum + it, 0n);
      return { ...base(series), count, sum: series.value, min: null, max: null, bucketCounts, explicitBounds };
    });
    return { type: "histogram", points, temporality: cumulative };
  }
  const points = snapshot.series.map((series) => ({ ...base(series), value: series.value }));
  if (snapshot.type === "gauge") return { type: "gauge", points };
  return { type: "sum", points, temporality: cumulative, isMonotonic: true };
}

/** A label without a value is an attribute that is not there. */
function attributesOf(names: readonly string[], { labels }: SeriesSnapshot): Attributes {
  const attributes: Record<string, AnyValue> = {};
  names.forEach((name, index) => {
    const value = labels[index] ?? "";
    if (value !== "") attributes[name] = value;
  });
  return attributes;
}

function exemplarOf({ traceId, spanId, value, timeUnixMs }: Exemplar): OtlpExemplar {
  return { filteredAttributes: {}, timeUnixNano: BigInt(timeUnixMs) * 1_000_000n, value, spanId, traceId };
}
