/**
 * Counters, gauges and histograms of one process. A series is looked up once and then kept by its user, so that
 * counting on the hot path is an addition. Label sets are bounded: past the limit everything goes to one series whose
 * labels all say `_OTHER`.
 */
export type MetricType = "counter" | "gauge" | "histogram";

export interface MetricDefinition {
  /** The name as Prometheus shows it, unit and `_total` included. */
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  /** A counter by a name of its own, without `_total`; OpenMetrics calls such a type unknown. */
  readonly isClassic?: boolean;
  /** What OpenTelemetry calls it. Without: `name` without `_total`, its unit by its suffix, labels as attributes. */
  readonly otel?: OtelNames;
}

export interface OtelNames {
  readonly name: string;
  /** As UCUM spells it: s, ms, By, {token}. */
  readonly unit: string;
  /** The attributes' names in the order of the labels. */
  readonly attributes: readonly string[];
  /** A gauge that is a sum of what came and went. */
  readonly isUpDownCounter?: boolean;
}

/** The call that an observation came from, for OpenMetrics. */
export interface Exemplar {
  readonly traceId: string;
  readonly spanId: string;
  readonly value: number;
  readonly timeUnixMs: number;
}

/** A span's row is one. */
export interface ExemplarSource {
  readonly trace_id: string;
  readonly span_id: string;
}

const exemplarIntervalMs = 1000;

export interface SeriesSnapshot {
  readonly labels: readonly string[];
  readonly value: number;
  /** Histograms: observations by bucket, the last one beyond all bounds. `value` is their sum. */
  readonly buckets?: readonly number[];
  /** Histograms: by bucket. Counters: one. */
  readonly exemplars?: readonly (Exemplar | null)[];
}

export interface MetricSnapshot {
  readonly type: MetricType;
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly isClassic: boolean;
  readonly otel?: OtelNames;
  readonly bounds?: readonly number[];
  readonly series: readonly SeriesSnapshot[];
}

export const otherLabel = "_OTHER";

/** One number that goes up, or is set. */
export class NumberSeries {
  readonly labels: readonly string[];
  value = 0;
  #exemplar: Exemplar | null = null;

  constructor(labels: readonly string[]) {
    this.labels = labels;
  }

  /** `source` is the call that was counted; it becomes the exemplar once a second at most. */
  add(amount: number, source?: ExemplarSource, nowUnixMs = 0): void {
    this.value += amount;
    if (source === undefined || amount === 0) return;
    if (this.#exemplar !== null && nowUnixMs - this.#exemplar.timeUnixMs < exemplarIntervalMs) return;
    this.#exemplar = { traceId: source.trace_id, spanId: source.span_id, value: amount, timeUnixMs: nowUnixMs };
  }

  set(value: number): void {
    this.value = value;
  }

  snapshot(): SeriesSnapshot {
    const { labels, value } = this;
    return this.#exemplar === null ? { labels, value } : { labels, value, exemplars: [this.#exemplar] };
  }
}

/** Observations of one label set, by bucket. */
export class HistogramSeries {
  readonly labels: readonly string[];
  readonly #bounds: readonly number[];
  readonly #buckets: number[];
  readonly #exemplars: (Exemplar | null)[];
  #sum = 0;

  constructor(labels: readonly string[], bounds: readonly number[]) {
    this.labels = labels;
    this.#bounds = bounds;
    this.#buckets = new Array<number>(bounds.length + 1).fill(0);
    this.#exemplars = new Array<Exemplar | null>(bounds.length + 1).fill(null);
  }

  /**
   * `source` is the call that was observed; a bucket takes a new exemplar once a second at most. `count`: so many
   * equal observations.
   */
  observe(value: number, source?: ExemplarSource, nowUnixMs = 0, count = 1): void {
    const bounds = this.#bounds;
    let low = 0;
    let high = bounds.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (value <= (bounds[middle] as number)) high = middle;
      else low = middle + 1;
    }
    this.#buckets[low] = (this.#buckets[low] as number) + count;
    this.#sum += value * count;
    if (source === undefined) return;
    const exemplar = this.#exemplars[low];
    if (exemplar && nowUnixMs - exemplar.timeUnixMs < exemplarIntervalMs) return;
    this.#exemplars[low] = { traceId: source.trace_id, spanId: source.span_id, value, timeUnixMs: nowUnixMs };
  }

  snapshot(): SeriesSnapshot {
    return { labels: this.labels, value: this.#sum, buckets: this.#buckets, exemplars: this.#exemplars };
  }
}

/** The series of one metric by their label values. */
export class Family<Series extends { snapshot(): SeriesSnapshot }> {
  readonly #series = new Map<string, Series>();
  readonly #create: (labels: readonly string[]) => Series;
  readonly #limit: number;

  constructor(create: (labels: readonly string[]) => Series, limit: number) {
    this.#create = create;
    this.#limit = limit;
  }

  /** The series of these label values, in the order of the definition. Keep it where the same set comes often. */
  series(...labels: readonly string[]): Series {
    const key = labels.join("\u0000");
    const found = this.#series.get(key);
    if (found !== undefined) return found;
    if (this.#series.size >= this.#limit && labels.some((label) => label !== otherLabel)) {
      return this.series(...labels.map(() => otherLabel));
    }
    const created = this.#create(labels);
    this.#series.set(key, created);
    return created;
  }

  snapshot(): SeriesSnapshot[] {
    return Array.from(this.#series.values(), (series) => series.snapshot());
  }
}

export type Counter = Family<NumberSeries>;
export type Gauge = Family<NumberSeries>;
export type Histogram = Family<HistogramSeries>;

interface Registered {
  readonly type: MetricType;
  readonly definition: MetricDefinition;
  readonly bounds?: readonly number[];
  readonly family: { snapshot(): SeriesSnapshot[] };
}

export class MetricStore {
  readonly #metrics = new Map<string, Registered>();
  readonly #collectors: (() => void)[] = [];
  readonly #seriesLimit: number;

  constructor(seriesLimit = 2000) {
    this.#seriesLimit = seriesLimit;
  }

  counter(definition: MetricDefinition): Counter {
    return this.#numbers("counter", definition);
  }

  gauge(definition: MetricDefinition): Gauge {
    return this.#numbers("gauge", definition);
  }

  /** `bounds` are the upper limits of the buckets, rising. */
  histogram(definition: MetricDefinition, bounds: readonly number[]): Histogram {
    const family = new Family((labels) => new HistogramSeries(labels, bounds), this.#seriesLimit);
    this.#register({ type: "histogram", definition, bounds, family });
    return family;
  }

  /** Runs before each snapshot: for gauges that are read off something else. */
  onCollect(collect: () => void): void {
    this.#collectors.push(collect);
  }

  snapshot(): MetricSnapshot[] {
    for (const collect of this.#collectors) collect();
    return this.declared();
  }

  /** The metrics as they stand, without asking what is read off something else. */
  declared(): MetricSnapshot[] {
    return Array.from(this.#metrics.values(), ({ type, definition, bounds, family }) => ({
      type,
      name: definition.name,
      help: definition.help,
      labels: definition.labels ?? [],
      isClassic: definition.isClassic ?? false,
      ...(definition.otel && { otel: definition.otel }),
      ...(bounds && { bounds }),
      series: family.snapshot(),
    }));
  }

  /** Declared twice, it is the same one: an event may count what a part already counts by itself. */
  #numbers(type: "counter" | "gauge", definition: MetricDefinition): Family<NumberSeries> {
    const declared = this.#metrics.get(definition.name);
    if (declared?.family instanceof Family && declared.type === type) return declared.family as Family<NumberSeries>;
    const family = new Family((labels) => new NumberSeries(labels), this.#seriesLimit);
    this.#register({ type, definition, family });
    return family;
  }

  #register(metric: Registered): void {
    const { name } = metric.definition;
    if (this.#metrics.has(name)) throw new Error(`BUG: the metric ${name} is declared twice`);
    this.#metrics.set(name, metric);
  }
}
