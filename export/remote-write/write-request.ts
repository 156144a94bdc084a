import type { Attributes, Metric } from "@weir/otlp";
import { varint } from "./snappy-block.ts";

/** One number of Prometheus: a name and labels, and what they stand at. */
export interface Sample {
  /** With `__name__`, in the order of their names. */
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly value: number;
  readonly timeUnixMs: number;
}

/**
 * Cumulative metrics as Prometheus's samples, by the names that OpenTelemetry's translation gives them, which are those
 * of `/metrics`. `job` is the service's name, `instance` its host and process.
 * https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
 */
export function samplesOf(metrics: readonly Metric[]): Sample[] {
  return metrics.flatMap((metric) => {
    const own = ownLabels(metric.resource);
    const { data } = metric;
    const name = prometheusName(metric);
    if (data.type === "gauge" || data.type === "sum") {
      return data.points.map((point) => sample(name, own, point, Number(point.value ?? 0)));
    }
    return data.type === "histogram" ? data.points.flatMap((point) => histogramSamples(name, own, point)) : [];
  });
}

type Labels = Readonly<Record<string, string>>;

interface Timed {
  readonly attributes: Attributes;
  readonly timeUnixNano: bigint;
}

type HistogramPoint = Extract<Metric["data"], { type: "histogram" }>["points"][number];

/** Buckets are cumulative in Prometheus, and the last has all. One that nothing fell into is left out, as in `/metrics`. */
function histogramSamples(name: string, own: Labels, point: HistogramPoint): Sample[] {
  if (point.count === 0n) return [];
  let count = 0;
  const buckets = point.bucketCounts.map((inBucket, index) => {
    count += Number(inBucket);
    const bound = point.explicitBounds[index];
    const le = bound === undefined ? "+Inf" : boundText(bound);
    return sample(`${name}_bucket`, { ...own, le }, point, count);
  });
  return [
    ...buckets,
    sample(`${name}_sum`, own, point, point.sum ?? 0),
    sample(`${name}_count`, own, point, Number(point.count)),
  ];
}

/** As OpenMetrics spells it, so that scraped and pushed series are the same. */
function boundText(bound: number): string {
  return Number.isInteger(bound) ? `${bound}.0` : String(bound);
}

function sample(name: string, own: Labels, point: Timed, value: number): Sample {
  const labels = { ...labelsOf(point.attributes), ...own, __name__: name };
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return { labels: sorted, value, timeUnixMs: Number(point.timeUnixNano / 1_000_000n) };
}

function ownLabels(resource: Attributes): Labels {
  const text = (name: string) => String(resource[name] ?? "");
  return { job: text("service.name"), instance: `${text("host.name")}:${text("weir.process")}` };
}

function labelsOf(attributes: Attributes): Record<string, string> {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [underscored(name), String(value)]));
}

const unitSuffixes: Readonly<Record<string, string>> = { s: "_seconds", ms: "_milliseconds", By: "_bytes" };

/** A classic counter keeps the name that it always had. */
function prometheusName({ name, unit, data }: Metric): string {
  const bare = underscored(name);
  const suffix = unitSuffixes[unit] ?? "";
  const withUnit = bare.endsWith(suffix) ? bare : bare + suffix;
  const isCounter = data.type === "sum" && data.isMonotonic && !classicNames.has(bare);
  return isCounter ? `${withUnit}_total` : withUnit;
}

const classicNames = new Set(["tokens_counter", "prompt_tokens", "completion_tokens"]);

function underscored(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_]/g, "_");
}

const lengthDelimited = 2;
const fixed64 = 1;

/** `prometheus.WriteRequest`, remote write 1.0. https://prometheus.io/docs/specs/prw/remote_write_spec/ */
export function encodeWriteRequest(samples: readonly Sample[]): Buffer {
  return Buffer.concat(samples.map((it) => field(1, timeSeries(it))));
}

function timeSeries({ labels, value, timeUnixMs }: Sample): Buffer {
  const pairs = labels.map(([name, text]) =>
    field(1, Buffer.concat([field(1, Buffer.from(name)), field(2, Buffer.from(text))])),
  );
  const number = Buffer.alloc(9);
  number[0] = (1 << 3) | fixed64;
  number.writeDoubleLE(value, 1);
  return Buffer.concat([...pairs, field(2, Buffer.concat([number, Buffer.of(2 << 3, ...varint(timeUnixMs))]))]);
}

function field(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.of((number << 3) | lengthDelimited, ...varint(bytes.length)), bytes]);
}
