import type { MetricDefinition, MetricType } from "./metric-store.ts";

export interface OtelMetric {
  /** `gen_ai.client.operation.duration`. */
  readonly name: string;
  /** As UCUM spells it. */
  readonly unit: string;
  readonly help: string;
  /** Attributes that tell the series apart; a pair where the label has a shorter name of its own. */
  readonly attributes: readonly (string | readonly [attribute: string, label: string])[];
  /** A gauge that is a sum of what came and went. */
  readonly isUpDownCounter?: boolean;
}

const unitSuffixes: Readonly<Record<string, string>> = { s: "_seconds", ms: "_milliseconds", By: "_bytes" };

/** A metric of OpenTelemetry, with the names that Prometheus's translation (underscores, suffixes) gives it. */
export function otelDefinition(type: MetricType, metric: OtelMetric): MetricDefinition {
  const pairs = metric.attributes.map((it) => (typeof it === "string" ? ([it, underscored(it)] as const) : it));
  const total = type === "counter" ? "_total" : "";
  return {
    name: `${underscored(metric.name)}${unitSuffixes[metric.unit] ?? ""}${total}`,
    help: metric.help,
    labels: pairs.map(([, label]) => label),
    otel: {
      name: metric.name,
      unit: metric.unit,
      attributes: pairs.map(([attribute]) => attribute),
      ...(metric.isUpDownCounter && { isUpDownCounter: true }),
    },
  };
}

function underscored(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_]/g, "_");
}
