import type { SpanRow } from "@weir/model";
import { overheadBounds } from "./buckets.ts";
import { cachedBy } from "./cached-by.ts";
import { createClassicMetrics } from "./classic-metrics.ts";
import { type CountCall, callAttributes, declareGenAiMetrics, type GenAiConventions } from "./gen-ai-metrics.ts";
import { createHttpMetrics, type HttpConventions, type UrlScheme } from "./http-metrics.ts";
import { LabelValues } from "./label-values.ts";
import type { MetricStore } from "./metric-store.ts";
import { otelDefinition } from "./otel-names.ts";

export interface CallMetricsOptions {
  readonly store: MetricStore;
  /** Most values of one label. */
  readonly labelValueLimit: number;
  /** Most label sets; the same limit as the store's. */
  readonly seriesLimit: number;
  readonly genAiConventions: GenAiConventions;
  readonly httpConventions: HttpConventions;
  readonly scheme: UrlScheme;
  /** How a key may be shown: the Weir key's mask, or that of the provider's key. */
  readonly maskedKeyOf: (row: SpanRow) => string;
}

/**
 * Counts every ended call, whatever is recorded of it. The function that comes back is called on the hot path: it
 * looks up two label sets and adds numbers.
 */
export function createCallMetrics(options: CallMetricsOptions): (row: SpanRow) => void {
  const countHttp = createHttpMetrics({ ...options, conventions: options.httpConventions });
  const genAiOf = genAiSeries(options);
  const countClassic = createClassicMetrics(options);
  const overhead = options.store
    .histogram(
      otelDefinition("histogram", {
        name: "weir.gateway.overhead",
        unit: "s",
        help: "Time that the gateway itself added to a call.",
        attributes: [],
      }),
      overheadBounds,
    )
    .series();

  return (row) => {
    const nowUnixMs = Date.now();
    if (row.http_route !== "") countHttp(row, nowUnixMs);
    if (row.gateway_ns !== null) overhead.observe(row.gateway_ns / 1e9);
    if (row.kind === "http") return;
    genAiOf(row)(row, nowUnixMs);
    if (row.input_tokens !== null || row.output_tokens !== null) countClassic(row, nowUnixMs);
  };
}

function genAiSeries(options: CallMetricsOptions): (row: SpanRow) => CountCall {
  const seriesOf = declareGenAiMetrics(options.store, options.genAiConventions);
  const values = Array.from({ length: callAttributes.length + 1 }, () => new LabelValues(options.labelValueLimit));
  const fields = [
    "request_model",
    "response_model",
    "operation",
    "provider",
    "project_id",
    "environment",
    "error_type",
    "kind",
  ] as const;
  return cachedBy(fields, options.seriesLimit, (row) => {
    // In the order of `callAttributes`.
    const own = [row.operation, row.provider, row.request_model, row.response_model, row.project_id, row.environment];
    const admitted = [...own, row.error_type].map((value, index) => values[index]?.admit(value) ?? "");
    return seriesOf(admitted.slice(0, callAttributes.length), admitted.at(-1) ?? "", row.kind === "llm");
  });
}
