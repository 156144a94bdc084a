import type { SpanRow } from "@weir/model";
import { LabelValues } from "./label-values.ts";
import type { HistogramSeries, MetricStore, NumberSeries } from "./metric-store.ts";

// The buckets of OpenTelemetry's GenAI and HTTP conventions.
const durationBounds = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
const tokenBounds = Array.from({ length: 14 }, (_, power) => 4 ** power);
const httpBounds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const perTokenBounds = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5];
const overheadBounds = [
  0.00005, 0.0001, 0.0002, 0.0003, 0.0005, 0.00075, 0.001, 0.002, 0.003, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5,
];

const callLabels = [
  "gen_ai_operation_name",
  "gen_ai_provider_name",
  "gen_ai_request_model",
  "gen_ai_response_model",
  "project",
  "environment",
];

export interface CallMetricsOptions {
  readonly store: MetricStore;
  /** Most values of one label. */
  readonly labelValueLimit: number;
  /** Most label sets; the same limit as the store's. */
  readonly seriesLimit: number;
  /** How a key may be shown: the Weir key's mask, or that of the provider's key. */
  readonly maskedKeyOf: (row: SpanRow) => string;
}

/** Everything that is counted for calls of one label set; found by one lookup per call. */
interface CallSeries {
  readonly duration: HistogramSeries;
  readonly inputTokens: HistogramSeries;
  readonly outputTokens: HistogramSeries;
  readonly firstChunk: HistogramSeries;
  readonly perOutputToken: HistogramSeries;
  readonly cost: NumberSeries;
  readonly unpriced: NumberSeries;
  readonly cacheReadTokens: NumberSeries;
  readonly cacheWriteTokens: NumberSeries;
  readonly reasoningTokens: NumberSeries;
}

interface ClassicSeries {
  readonly all: NumberSeries;
  readonly prompt: NumberSeries;
  readonly completion: NumberSeries;
}

/**
 * Counts every ended call, whatever is recorded of it. The function that comes back is called on the hot path: it
 * looks up two label sets and adds numbers.
 */
export function createCallMetrics(options: CallMetricsOptions): (row: SpanRow) => void {
  const genAi = genAiSeries(options);
  const http = httpSeries(options);
  const classic = classicSeries(options);
  const overhead = options.store
    .histogram(
      { name: "weir_gateway_overhead_seconds", help: "Time that the gateway itself added to a call." },
      overheadBounds,
    )
    .series();

  return (row) => {
    const nowUnixMs = Date.now();
    http(row).observe(row.duration_ns / 1e9, row, nowUnixMs);
    if (row.gateway_ns !== null) overhead.observe(row.gateway_ns / 1e9);
    if (row.kind === "http") return;
    countGenAi(genAi(row), row, nowUnixMs);
    if (row.input_tokens !== null || row.output_tokens !== null) countClassic(classic(row), row);
  };
}

function countGenAi(series: CallSeries, row: SpanRow, nowUnixMs: number): void {
  series.duration.observe(row.duration_ns / 1e9, row, nowUnixMs);
  if (row.input_tokens !== null) series.inputTokens.observe(row.input_tokens, row, nowUnixMs);
  if (row.output_tokens !== null) series.outputTokens.observe(row.output_tokens, row, nowUnixMs);
  if (row.is_stream === 1 && row.ttft_ns !== null) {
    series.firstChunk.observe(row.ttft_ns / 1e9, row, nowUnixMs);
    if (row.output_tokens !== null && row.output_tokens > 1) {
      series.perOutputToken.observe((row.duration_ns - row.ttft_ns) / 1e9 / (row.output_tokens - 1));
    }
  }
  if (row.cost_nano_usd === null) series.unpriced.add(1);
  else series.cost.add(row.cost_nano_usd / 1e9);
  if (row.cache_read_tokens !== null) series.cacheReadTokens.add(row.cache_read_tokens);
  if (row.cache_write_tokens !== null) series.cacheWriteTokens.add(row.cache_write_tokens);
  if (row.reasoning_tokens !== null) series.reasoningTokens.add(row.reasoning_tokens);
}

function countClassic(series: ClassicSeries, row: SpanRow): void {
  series.all.add((row.input_tokens ?? 0) + (row.output_tokens ?? 0));
  series.prompt.add(row.input_tokens ?? 0);
  series.completion.add(row.output_tokens ?? 0);
}

type LabelField = {
  [Name in keyof SpanRow]: SpanRow[Name] extends string | number | null ? Name : never;
}[keyof SpanRow];

/**
 * Finds what belongs to a row by these fields, and makes it at the first time; past `limit` it is made each time. The
 * first field parts the rows; within it the others are compared one by one, which is quicker than joining them.
 */
function cachedBy<Value>(
  fields: readonly [LabelField, ...LabelField[]],
  limit: number,
  create: (row: SpanRow) => Value,
): (row: SpanRow) => Value {
  const [first, ...others] = fields;
  const entries = new Map<SpanRow[LabelField], { values: SpanRow[LabelField][]; value: Value }[]>();
  let size = 0;
  return (row) => {
    let candidates = entries.get(row[first]);
    if (candidates !== undefined) {
      for (const { values, value } of candidates) {
        let index = 0;
        while (index < others.length && values[index] === row[others[index] as LabelField]) index += 1;
        if (index === others.length) return value;
      }
    }
    const value = create(row);
    if (size >= limit) return value;
    size += 1;
    if (candidates === undefined) {
      candidates = [];
      entries.set(row[first], candidates);
    }
    candidates.push({ values: others.map((field) => row[field]), value });
    return value;
  };
}

function genAiSeries({ store, labelValueLimit, seriesLimit }: CallMetricsOptions): (row: SpanRow) => CallSeries {
  const help = (what: string) => `${what} By OpenTelemetry's GenAI conventions.`;
  const duration = store.histogram(
    {
      name: "gen_ai_client_operation_duration_seconds",
      help: help("Whole duration of calls."),
      labels: [...callLabels, "error_type"],
    },
    durationBounds,
  );
  const tokens = store.histogram(
    {
      name: "gen_ai_client_token_usage",
      help: help("Tokens of calls; cached and reasoning tokens included in input and output."),
      labels: [...callLabels, "gen_ai_token_type"],
    },
    tokenBounds,
  );
  const firstChunk = store.histogram(
    {
      name: "gen_ai_client_operation_time_to_first_chunk_seconds",
      help: help("Streams: until the first delta with content, reasoning or a tool call (TTFT)."),
      labels: callLabels,
    },
    durationBounds,
  );
  const perOutputToken = store.histogram(
    {
      name: "weir_time_per_output_token_seconds",
      help: "Streams: time of each output token after the first.",
      labels: callLabels,
    },
    perTokenBounds,
  );
  const counter = (name: string, text: string) => store.counter({ name, help: text, labels: callLabels });
  const cost = counter("weir_cost_usd_total", "Cost of calls whose price is known.");
  const unpriced = counter("weir_calls_without_cost_total", "Calls whose usage or price is unknown.");
  const cacheRead = counter("weir_cache_read_tokens_total", "Input tokens read from the provider's cache.");
  const cacheWrite = counter("weir_cache_write_tokens_total", "Input tokens written to the provider's cache.");
  const reasoning = counter("weir_reasoning_tokens_total", "Output tokens spent on reasoning.");

  const values = Array.from({ length: callLabels.length + 1 }, () => new LabelValues(labelValueLimit));
  const bounded = (row: SpanRow) =>
    [
      row.operation,
      row.provider,
      row.request_model,
      row.response_model,
      row.project_id,
      row.environment,
      row.error_type,
    ].map((value, index) => values[index]?.admit(value) ?? "");

  const fields = [
    "request_model",
    "response_model",
    "operation",
    "provider",
    "project_id",
    "environment",
    "error_type",
  ] as const;
  return cachedBy(fields, seriesLimit, (row): CallSeries => {
    const all = bounded(row);
    const labels = all.slice(0, callLabels.length);
    return {
      duration: duration.series(...all),
      inputTokens: tokens.series(...labels, "input"),
      outputTokens: tokens.series(...labels, "output"),
      firstChunk: firstChunk.series(...labels),
      perOutputToken: perOutputToken.series(...labels),
      cost: cost.series(...labels),
      unpriced: unpriced.series(...labels),
      cacheReadTokens: cacheRead.series(...labels),
      cacheWriteTokens: cacheWrite.series(...labels),
      reasoningTokens: reasoning.series(...labels),
    };
  });
}

function httpSeries({ store, labelValueLimit, seriesLimit }: CallMetricsOptions): (row: SpanRow) => HistogramSeries {
  const duration = store.histogram(
    {
      name: "http_server_request_duration_seconds",
      help: "Duration of forwarded requests, by OpenTelemetry's HTTP conventions.",
      labels: ["http_request_method", "http_route", "http_response_status_code", "error_type", "url_scheme"],
    },
    httpBounds,
  );
  const routes = new LabelValues(labelValueLimit);
  const errorTypes = new LabelValues(labelValueLimit);
  return cachedBy(["http_route", "http_status", "error_type"], seriesLimit, (row) => {
    const [method = "", route = ""] = row.http_route.split(" ");
    const status = row.http_status === null ? "" : String(row.http_status);
    return duration.series(method, routes.admit(route), status, errorTypes.admit(row.error_type), "http");
  });
}

function classicSeries(options: CallMetricsOptions): (row: SpanRow) => ClassicSeries {
  const { store, labelValueLimit, seriesLimit, maskedKeyOf } = options;
  const counter = (name: string, help: string) =>
    store.counter({ name, help, labels: ["model", "api_key"], isClassic: true });
  const all = counter("tokens_counter", "Tokens of calls, prompt and completion together.");
  const prompt = counter("prompt_tokens", "Prompt tokens of calls.");
  const completion = counter("completion_tokens", "Completion tokens of calls.");
  const models = new LabelValues(labelValueLimit);
  const keys = new LabelValues(labelValueLimit);
  const create = (row: SpanRow): ClassicSeries => {
    const labels = [models.admit(row.response_model || row.request_model), keys.admit(maskedKeyOf(row))];
    return { all: all.series(...labels), prompt: prompt.series(...labels), completion: completion.series(...labels) };
  };
  // By key and mask: a Weir key has one mask, but keys of providers differ by their mask alone.
  const byMask = new Map<string, (row: SpanRow) => ClassicSeries>();
  return (row) => {
    const mask = maskedKeyOf(row);
    let find = byMask.get(mask);
    if (find === undefined) {
      find = cachedBy(["response_model", "request_model"], seriesLimit, create);
      if (byMask.size < labelValueLimit) byMask.set(mask, find);
    }
    return find(row);
  };
}
