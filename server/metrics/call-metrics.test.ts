import assert from "node:assert/strict";
import { test } from "node:test";
import { newSpanRow, projectId, type SpanRow } from "@weir/model";
import { createCallMetrics } from "./call-metrics.ts";
import { type ExpositionFormat, exposition } from "./exposition.ts";
import type { GenAiConventions } from "./gen-ai-metrics.ts";
import type { HttpConventions } from "./http-metrics.ts";
import { MetricStore } from "./metric-store.ts";

function call(fields: Partial<SpanRow> = {}): SpanRow {
  return Object.assign(newSpanRow(projectId("default"), "gateway", 1_700_000_000_000_000_000n), {
    kind: "llm",
    operation: "chat",
    provider: "openai",
    request_model: "gpt-4o",
    response_model: "gpt-4o-2024-08-06",
    http_route: "POST /v1/chat/completions",
    http_status: 200,
    duration_ns: 2_000_000_000,
    ttft_ns: 300_000_000,
    gateway_ns: 180_000,
    is_stream: 1,
    input_tokens: 1000,
    output_tokens: 35,
    cost_nano_usd: 2_500_000,
    ...fields,
  });
}

interface Settings {
  readonly labelValueLimit?: number;
  readonly seriesLimit?: number;
  readonly genAiConventions?: GenAiConventions;
  readonly httpConventions?: HttpConventions;
}

function scrape(rows: readonly SpanRow[], given: Settings = {}, format: ExpositionFormat = "text"): string {
  const settings = {
    labelValueLimit: 200,
    seriesLimit: 2000,
    genAiConventions: "v1.41",
    httpConventions: "stable",
    scheme: "http",
    ...given,
  } as const;
  const store = new MetricStore(settings.seriesLimit);
  const count = createCallMetrics({ store, ...settings, maskedKeyOf: () => "…x7Qa" });
  for (const row of rows) count(row);
  return exposition(store.snapshot(), format);
}

const labels =
  'gen_ai_operation_name="chat",gen_ai_provider_name="openai",gen_ai_request_model="gpt-4o",gen_ai_response_model="gpt-4o-2024-08-06",project="default",environment=""';

test("a call is counted by OpenTelemetry's names", () => {
  const text = scrape([call()]);
  for (const line of [
    `gen_ai_client_operation_duration_seconds_sum{${labels},error_type=""} 2`,
    `gen_ai_client_operation_duration_seconds_bucket{${labels},error_type="",le="2.56"} 1`,
    `gen_ai_client_token_usage_sum{${labels},gen_ai_token_type="input"} 1000`,
    `gen_ai_client_token_usage_sum{${labels},gen_ai_token_type="output"} 35`,
    `gen_ai_client_operation_time_to_first_chunk_seconds_sum{${labels}} 0.3`,
    `weir_cost_usd_total{${labels}} 0.0025`,
    `http_server_request_duration_seconds_count{http_request_method="POST",http_route="/v1/chat/completions",http_response_status_code="200",error_type="",url_scheme="http"} 1`,
    "weir_gateway_overhead_seconds_sum 0.00018",
    'tokens_counter{model="gpt-4o-2024-08-06",api_key="…x7Qa"} 1035',
    'prompt_tokens{model="gpt-4o-2024-08-06",api_key="…x7Qa"} 1000',
    'completion_tokens{model="gpt-4o-2024-08-06",api_key="…x7Qa"} 35',
  ]) {
    assert.ok(text.split("\n").includes(line), `${line}\nis not in\n${text}`);
  }
});

test("the time of an output token leaves the first one out", () => {
  const text = scrape([call({ duration_ns: 2_000_000_000, ttft_ns: 500_000_000, output_tokens: 4 })]);
  assert.match(text, /^gen_ai_server_time_per_output_token_seconds_sum\{.*\} 0\.5$/m);
});

test("what is unknown is not counted as zero", () => {
  const text = scrape([call({ input_tokens: null, output_tokens: null, cost_nano_usd: null, ttft_ns: null })]);
  assert.match(text, /^weir_calls_without_cost_total\{.*\} 1$/m);
  assert.doesNotMatch(text, /^tokens_counter/m);
  assert.doesNotMatch(text, /gen_ai_client_token_usage/);
  assert.doesNotMatch(text, /time_to_first_chunk/);
});

test("an HTTP call of no model counts as a request alone", () => {
  const text = scrape([call({ kind: "http", http_route: "GET /v1/files" })]);
  assert.match(text, /http_route="\/v1\/files"/);
  assert.doesNotMatch(text, /gen_ai_operation_name/);
});

test("models that callers make up do not grow the labels", () => {
  const rows = Array.from({ length: 5000 }, (_, index) => call({ request_model: `made-up-${index}` }));
  const text = scrape(rows, { labelValueLimit: 50, seriesLimit: 500 });
  const series = text.match(/^gen_ai_client_operation_duration_seconds_count/gm)?.length ?? 0;
  assert.ok(series <= 51, `${series} series`);
  assert.match(text, /gen_ai_request_model="_OTHER".*\} 4950$/m);
});

test("the newest names, and both generations at once", () => {
  const latest = scrape([call(), call({ kind: "embedding", operation: "embeddings" })], { genAiConventions: "latest" });
  for (const name of [
    "gen_ai_client_inference_duration_seconds_count",
    "gen_ai_client_inference_time_to_first_chunk_seconds_count",
    "gen_ai_client_inference_usage_input_tokens_total",
    "gen_ai_client_inference_operation_output_tokens_count",
  ]) {
    assert.match(latest, new RegExp(`^${name}\\{gen_ai_operation_name="chat"`, "m"));
  }
  assert.match(latest, /^gen_ai_client_operation_duration_seconds_count\{gen_ai_operation_name="embeddings"/m);
  assert.doesNotMatch(latest, /gen_ai_client_token_usage|gen_ai_client_operation_duration_seconds_count.*"chat"/);
  const both = scrape([call()], { genAiConventions: "both" });
  assert.match(both, /^gen_ai_client_operation_duration_seconds_count/m);
  assert.match(both, /^gen_ai_client_inference_duration_seconds_count/m);
});

test("tokens by modality, where the provider told", () => {
  const text = scrape([call({ input_audio_tokens: 400 }), call()], { genAiConventions: "latest" });
  const input = (modality: string) =>
    new RegExp(`^gen_ai_client_inference_usage_input_tokens_total.*modality="${modality}"\\} (\\d+)$`, "m").exec(
      text,
    )?.[1];
  assert.deepEqual([input("text"), input("audio"), input("unknown")], ["600", "400", "1000"]);
});

for (const [httpConventions, hasStable, hasLegacy] of [
  ["stable", true, false],
  ["legacy", false, true],
  ["both", true, true],
] as const) {
  test(`HTTP durations: ${httpConventions}`, () => {
    const text = scrape([call()], { httpConventions });
    assert.equal(/^http_server_request_duration_seconds_count\{.*http_request_method="POST"/m.test(text), hasStable);
    assert.equal(
      text.includes(
        'http_server_duration_milliseconds_sum{http_method="POST",http_route="/v1/chat/completions",http_status_code="200",http_scheme="http"} 2000',
      ),
      hasLegacy,
    );
  });
}

test("gaps between chunks are counted one by one, and in groups those of long streams", () => {
  const gaps = (rhythm: string, chunk_count: number) =>
    scrape([call({ chunk_count, attributes: { "weir.stream.gaps": rhythm } })]);
  const short = gaps("1:200,300,10000", 4);
  assert.match(short, /^gen_ai_client_operation_time_per_output_chunk_seconds_sum\{.*\} 1.05$/m);
  assert.match(short, /^gen_ai_client_operation_time_per_output_chunk_seconds_bucket\{.*le="0.04"\} 2$/m);
  const long = gaps("4:1600,1600,200", 10);
  assert.match(long, /^gen_ai_client_operation_time_per_output_chunk_seconds_count\{.*\} 9$/m);
});

test("cached tokens do not flatter the speed of prefill", () => {
  const rate = (cache_read_tokens: number | null) =>
    /^weir_prefill_token_rate_sum\{.*\} (\S+)$/m.exec(scrape([call({ ttft_ns: 500_000_000, cache_read_tokens })]))?.[1];
  assert.deepEqual([rate(null), rate(900), rate(1000)], ["2000", "200", undefined]);
});

test("the call is an exemplar of counters and histograms, never a label", () => {
  const row = call({ trace_id: "0af7651916cd43dd8448eb211c80319c", span_id: "b7ad6b7169203331" } as Partial<SpanRow>);
  const open = scrape([row], {}, "openmetrics");
  const exemplar = '# {trace_id="0af7651916cd43dd8448eb211c80319c",span_id="b7ad6b7169203331"}';
  const carrying = open.split("\n").filter((line) => line.includes(exemplar));
  for (const name of ["weir_tokens_total", "weir_cost_usd_total", "gen_ai_client_token_usage_bucket"]) {
    assert.ok(
      carrying.some((line) => line.startsWith(name)),
      name,
    );
  }
  // OpenMetrics has no exemplars on metrics of unknown type.
  assert.ok(!carrying.some((line) => /^(tokens_counter|prompt_tokens|completion_tokens)/.test(line)));
  assert.doesNotMatch(scrape([row]), /b7ad6b7169203331/);
});
