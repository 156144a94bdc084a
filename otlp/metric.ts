import type { Attributes, InstrumentationScope } from "./span.ts";

/** A measurement that a point was made of, and the span during which it was made. */
export interface Exemplar {
  readonly filteredAttributes: Attributes;
  readonly timeUnixNano: bigint;
  /** Integers beyond 2^53 are bigint; null when it is not given. */
  readonly value: number | bigint | null;
  /** 16 lower-case hex digits, or empty. */
  readonly spanId: string;
  /** 32 lower-case hex digits, or empty. */
  readonly traceId: string;
}

interface Point {
  readonly attributes: Attributes;
  readonly startTimeUnixNano: bigint;
  readonly timeUnixNano: bigint;
  /** Bit 0: no value was recorded. */
  readonly flags: number;
}

export interface NumberPoint extends Point {
  /** Integers beyond 2^53 are bigint; null when it is not given. */
  readonly value: number | bigint | null;
  readonly exemplars: readonly Exemplar[];
}

export interface HistogramPoint extends Point {
  readonly count: bigint;
  readonly sum: number | null;
  readonly min: number | null;
  readonly max: number | null;
  /** One more than the bounds, or none. */
  readonly bucketCounts: readonly bigint[];
  readonly explicitBounds: readonly number[];
  readonly exemplars: readonly Exemplar[];
}

/** Bucket `offset + i` holds values in (base^i, base^(i+1)] with base = 2^(2^-scale). */
export interface ExponentialBuckets {
  readonly offset: number;
  readonly bucketCounts: readonly bigint[];
}

export interface ExponentialHistogramPoint extends Point {
  readonly count: bigint;
  readonly sum: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly scale: number;
  readonly zeroCount: bigint;
  readonly zeroThreshold: number;
  readonly positive: ExponentialBuckets;
  readonly negative: ExponentialBuckets;
  readonly exemplars: readonly Exemplar[];
}

export interface SummaryPoint extends Point {
  readonly count: bigint;
  readonly sum: number;
  readonly quantileValues: readonly { readonly quantile: number; readonly value: number }[];
}

/** 0 unspecified, 1 delta, 2 cumulative. */
export type Temporality = number;

/** `none`: a metric without data. */
export type MetricData =
  | { readonly type: "none" }
  | { readonly type: "gauge"; readonly points: readonly NumberPoint[] }
  | {
      readonly type: "sum";
      readonly points: readonly NumberPoint[];
      readonly temporality: Temporality;
      readonly isMonotonic: boolean;
    }
  | { readonly type: "histogram"; readonly points: readonly HistogramPoint[]; readonly temporality: Temporality }
  | {
      readonly type: "exponentialHistogram";
      readonly points: readonly ExponentialHistogramPoint[];
      readonly temporality: Temporality;
    }
  | { readonly type: "summary"; readonly points: readonly SummaryPoint[] };

/** A metric of OTLP as plain values, after `opentelemetry/proto/metrics/v1/metrics.proto`. */
export interface Metric {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  readonly metadata: Attributes;
  readonly data: MetricData;
  readonly scope: InstrumentationScope;
  readonly resource: Attributes;
}
