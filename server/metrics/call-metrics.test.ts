import assert from "node:assert/strict";
import { test } from "node:test";
import { newSpanRow, projectId, type SpanRow } from "@weir/model";
import { createCallMetrics } from "./call-metrics.ts";
import { exposition } from "./exposition.ts";
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

function scrape(rows: readonly SpanRow[], limits = { labelValueLimit: 200, seriesLimit: 2000 }): string {
  const store = new MetricStore(limits.seriesLimit);
  const count = createCallMetrics({ store, ...limits, maskedKeyOf: () => "…x7Qa" });
  for (const row of rows) count(row);
  return exposition(store.snapshot(), "text");
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
  assert.match(text, /^weir_time_per_output_token_seconds_sum\{.*\} 0\.5$/m);
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
