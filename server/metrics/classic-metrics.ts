import type { SpanRow } from "@weir/model";
import { cachedBy } from "./cached-by.ts";
import type { CountCall } from "./gen-ai-metrics.ts";
import { LabelValues } from "./label-values.ts";
import type { MetricStore, NumberSeries } from "./metric-store.ts";

export interface ClassicMetricsOptions {
  readonly store: MetricStore;
  readonly labelValueLimit: number;
  readonly seriesLimit: number;
  /** How a key may be shown: the Weir key's mask, or that of the provider's key. */
  readonly maskedKeyOf: (row: SpanRow) => string;
}

interface ClassicSeries {
  readonly all: NumberSeries;
  readonly prompt: NumberSeries;
  readonly completion: NumberSeries;
  readonly promptByKey: NumberSeries;
  readonly completionByKey: NumberSeries;
}

/**
 * Counts tokens by model and masked API key, under the names that dashboards of old know. OpenMetrics lets a counter
 * of such a name have no exemplars: there `weir_tokens_total` carries them.
 */
export function createClassicMetrics(options: ClassicMetricsOptions): CountCall {
  const { store, labelValueLimit, seriesLimit, maskedKeyOf } = options;
  const counter = (name: string, help: string) =>
    store.counter({
      name,
      help,
      labels: ["model", "api_key"],
      isClassic: true,
      otel: { name, unit: "{token}", attributes: ["model", "api_key"] },
    });
  const all = counter("tokens_counter", "Tokens of calls, prompt and completion together.");
  const prompt = counter("prompt_tokens", "Prompt tokens of calls.");
  const completion = counter("completion_tokens", "Completion tokens of calls.");
  const byKey = store.counter({
    name: "weir_tokens_total",
    help: "Tokens of calls by model and key: prompt_tokens and completion_tokens, with the call as exemplar.",
    labels: ["model", "api_key", "gen_ai_token_type"],
    otel: { name: "weir.tokens", unit: "{token}", attributes: ["model", "api_key", "gen_ai.token.type"] },
  });
  const models = new LabelValues(labelValueLimit);
  const keys = new LabelValues(labelValueLimit);
  const create = (row: SpanRow): ClassicSeries => {
    const labels = [models.admit(row.response_model || row.request_model), keys.admit(maskedKeyOf(row))];
    return {
      all: all.series(...labels),
      prompt: prompt.series(...labels),
      completion: completion.series(...labels),
      promptByKey: byKey.series(...labels, "input"),
      completionByKey: byKey.series(...labels, "output"),
    };
  };
  // By key and mask: a Weir key has one mask, but keys of providers differ by their mask alone.
  const byMask = new Map<string, (row: SpanRow) => ClassicSeries>();
  const seriesOf = (row: SpanRow): ClassicSeries => {
    const mask = maskedKeyOf(row);
    let find = byMask.get(mask);
    if (find === undefined) {
      find = cachedBy(["response_model", "request_model"], seriesLimit, create);
      if (byMask.size < labelValueLimit) byMask.set(mask, find);
    }
    return find(row);
  };
  return (row, nowUnixMs) => {
    const series = seriesOf(row);
    const [input, output] = [row.input_tokens ?? 0, row.output_tokens ?? 0];
    series.all.add(input + output, row, nowUnixMs);
    series.prompt.add(input, row, nowUnixMs);
    series.completion.add(output, row, nowUnixMs);
    series.promptByKey.add(input, row, nowUnixMs);
    series.completionByKey.add(output, row, nowUnixMs);
  };
}
