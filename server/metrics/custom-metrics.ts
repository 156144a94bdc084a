import { billedKinds } from "@weir/model";
import { type Batch, type BatchStep, BlockRows, type OpenCall, readLayoutOf } from "@weir/pipeline";
import {
  allOf,
  attributeKey,
  type FilterRow,
  fieldNamed,
  matcherOf,
  mentions,
  parseExpression,
  parseFilter,
  type RowExpression,
  type RowMatcher,
} from "@weir/query";
import type { CustomMetric } from "./custom-metrics-config.ts";
import { LabelValues } from "./label-values.ts";
import type { MetricDefinition, MetricStore } from "./metric-store.ts";

export interface CountOptions {
  readonly store: MetricStore;
  readonly metrics: readonly CustomMetric[];
  /** Most values of one label; later ones count as `_OTHER`. */
  readonly labelValueLimit: number;
}

interface CompiledMetric {
  readonly matches: RowMatcher;
  readonly value: RowExpression;
  readonly labels: readonly { readonly read: (row: FilterRow) => string; readonly values: LabelValues }[];
  readonly observe: (value: number, labels: readonly string[], row: BlockRows) => void;
}

/** Counts what the user declared, call by call, whichever way the call came in and whatever is recorded of it. */
export class CountStep implements BatchStep {
  readonly #metrics: readonly CompiledMetric[];

  constructor({ store, metrics, labelValueLimit }: CountOptions) {
    this.#metrics = metrics.map((metric) => compiled(metric, store, labelValueLimit));
  }

  onBatch(batch: Batch): Batch {
    if (this.#metrics.length === 0 || batch.table !== "spans" || batch.rowCount === 0) return batch;
    const rows = new BlockRows(readLayoutOf(batch));
    for (rows.row = 0; rows.row < rows.rowCount; rows.row++) {
      for (const { matches, value, labels, observe } of this.#metrics) {
        if (!matches(rows)) continue;
        const number = value(rows);
        if (number === null) continue;
        observe(
          number,
          labels.map(({ read, values }) => values.admit(read(rows))),
          rows,
        );
      }
    }
    return batch;
  }

  onOpenCall(call: OpenCall): OpenCall {
    return call;
  }
}

function compiled(metric: CustomMetric, store: MetricStore, labelValueLimit: number): CompiledMetric {
  const filter = parseFilter(metric.when);
  const calls = { field: "kind", op: "in", value: [...billedKinds] } as const;
  return {
    matches: matcherOf(mentions(filter, "kind") ? filter : allOf([calls, filter])),
    value: parseExpression(metric.value),
    labels: Object.values(metric.labels).map((field) => ({
      read: labelReader(field),
      values: new LabelValues(labelValueLimit),
    })),
    observe: observer(metric, store),
  };
}

function observer({ name, kind, help, labels, buckets }: CustomMetric, store: MetricStore): CompiledMetric["observe"] {
  const definition: MetricDefinition = { name, help, labels: Object.keys(labels) };
  if (kind === "histogram") {
    const histogram = store.histogram(definition, buckets ?? []);
    return (value, values, row) => {
      const call = { trace_id: row.text("trace_id"), span_id: row.text("span_id") };
      histogram.series(...values).observe(value, call, Date.now());
    };
  }
  if (kind === "gauge") {
    const gauge = store.gauge(definition);
    return (value, values) => gauge.series(...values).set(value);
  }
  const counter = store.counter(definition);
  return (value, values) => {
    // A counter only grows.
    if (value > 0) counter.series(...values).add(value);
  };
}

function labelReader(name: string): (row: FilterRow) => string {
  if (name === "project") return (row) => row.text("project_id");
  const field = fieldNamed(name);
  if (field === undefined) throw new TypeError(`there is no field ${name}`);
  const key = attributeKey(field.name);
  if (key !== undefined) return (row) => row.attribute(key);
  if (field.name === "model") return (row) => row.text("response_model") || row.text("request_model");
  if (field.type === "text") return (row) => row.text(field.name);
  return (row) => String(row.number(field.name) ?? "");
}
